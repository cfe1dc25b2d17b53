// HPC007: images whose tag can come to mean another image.
import type { Finding } from '../../model/finding.ts';
import { tagOf } from '../grammar/image.ts';
import { movedSpan, type Placed } from '../rules/facts.ts';
import { findingOf, quoted } from '../rules/finding.ts';

/** Looks at one service alone. */
export function lintImage({ facts, shift }: Placed): Finding[] {
  const tag = facts.image && tagOf(facts.image.value);
  if (!facts.image || tag === 'pinned') return [];
  const words = { image: quoted(facts.image.value), tag: tag === 'latest' ? 'the tag latest' : 'no tag' };
  const span = movedSpan(facts.image.span, shift);
  return [findingOf('HPC007', { span, field: `services.${facts.name}.image`, service: facts.name, words })];
}
