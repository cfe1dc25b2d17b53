// Code lenses over `services:` and each service. Their number is the same in every state, so that text never jumps;
// places come from the tree alone, at once; no lens destroys anything at a click.
import type { Span } from '../model/finding.ts';
import type { LensArgument } from '../model/protocol.ts';
import { type Pair, pairOf, type SpecNode } from '../spec/node.ts';
import { type HeaderState, headerText, type LensStyle, type ServiceState, serviceText } from './lensState.ts';

export type LensDetail = 'full' | 'compact' | 'off';

/** One lens: where, what it says, what a click runs. */
export interface Lens {
  readonly span: Span;
  readonly title: string;
  /** Command of the client without its prefix `hpcCompose.`. */
  readonly command: string;
  readonly argument: LensArgument;
}

/** The keys that lenses stand over. */
export interface LensPlaces {
  readonly services: Span;
  readonly each: readonly { readonly name: string; readonly span: Span }[];
}

/** What lenses say besides their places. */
export interface LensFacts {
  readonly uri: string;
  readonly detail: LensDetail;
  readonly header: HeaderState;
  stateOf(service: string): ServiceState;
}

/** The places of lenses in a document, or undefined when it has no services. `steps` is another name for `services`. */
export function lensPlaces(root: SpecNode | undefined): LensPlaces | undefined {
  const services = pairOf(root, 'services') ?? pairOf(root, 'steps');
  if (!services) return undefined;
  return { services: services.key.span, each: namedPairs(services).map(toPlace) };
}

/** The lenses at these places, in the order of the document, key by key: big specs have thousands, and nobody needs all at once. */
export function* lensesByKey(
  places: LensPlaces,
  facts: LensFacts,
  style: LensStyle,
): Generator<readonly Lens[]> {
  if (facts.detail === 'off') return;
  const shown = (lenses: readonly Lens[]) => (facts.detail === 'compact' ? lenses.slice(0, 1) : lenses);
  yield shown(headerLenses(places.services, facts, style));
  for (const { name, span } of places.each) yield shown(serviceLenses(name, span, facts, style));
}

function headerLenses(span: Span, facts: LensFacts, style: LensStyle): Lens[] {
  const argument = { uri: facts.uri };
  const lens = (title: string, command: string): Lens => ({ span, title, command, argument });
  return [
    lens(headerText(facts.header, style), 'stateMenu'),
    lens('Prepare All', 'prepareAll'),
    lens('Inspect', 'cache.inspect'),
    lens('Prune…', 'cache.prune'),
  ];
}

function serviceLenses(service: string, span: Span, facts: LensFacts, style: LensStyle): Lens[] {
  const state = facts.stateOf(service);
  const argument = { uri: facts.uri, service };
  const lens = (title: string, command: string): Lens => ({ span, title, command, argument });
  return [
    lens(serviceText(state, style), 'stateMenu'),
    state.kind === 'running' ? lens('Cancel', 'cancelOperation') : lens('Prepare', 'prepareService'),
    lens('Inspect', 'cache.inspect'),
  ];
}

function namedPairs({ value }: Pair): readonly Pair[] {
  return value.kind === 'map' ? value.pairs.filter((pair) => typeof pair.key.value === 'string') : [];
}

function toPlace({ key }: Pair): { name: string; span: Span } {
  return { name: String(key.value), span: key.span };
}
