// R068: resource profiles of the settings fill keys that `x-slurm` leaves open. Spec contract, sections 4 and 9.7.
import type { MapNode, Pair, ScalarNode } from '../node.ts';
import { isNull, valueOf } from '../node.ts';
import type { Sink } from './check.ts';
import { nearestName } from '../nearestName.ts';
import { text, under, valueSpan, type Place } from './place.ts';

/** The block with the profile's values in place of absent ones; findings about those sit on `resources`. */
export function withProfile(slurm: Place, sink: Sink): Place {
  const resources = under(slurm, 'resources');
  const name = text(resources);
  const profiles = sink.context.resourceProfiles;
  if (!resources || !name?.trim() || !profiles || slurm.node.kind !== 'map') return slurm;
  const profile = profiles.get(name);
  if (!profile) {
    const guess = nearestName(name, [...profiles.keys()]);
    const known = [...profiles.keys()].join(', ');
    const advice = guess
      ? `Did you mean ${guess}?`
      : known === ''
        ? 'The settings define none: add [resource_profiles.NAME] to .hpc-compose/settings.toml.'
        : `The settings define: ${known}.`;
    sink.value('R068', resources, { words: { name }, advice });
    return slurm;
  }
  return { ...slurm, node: fill(slurm.node, profile, valueSpan(resources)) };
}

function fill(
  node: MapNode,
  profile: Readonly<Record<string, string | number>>,
  span: ScalarNode['span'],
): MapNode {
  const added: Pair[] = Object.entries(profile)
    .filter(([key]) => isNull(valueOf(node, key)))
    .map(([key, value]) => ({
      key: { kind: 'scalar', value: key, style: 'plain', span },
      value: {
        kind: 'scalar',
        value,
        style: 'plain',
        span,
        ...(typeof value === 'number' ? { integer: true } : {}),
      },
    }));
  return added.length === 0 ? node : { ...node, pairs: [...node.pairs, ...added] };
}
