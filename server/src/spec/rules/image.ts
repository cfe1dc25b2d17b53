// R140-R143: images of services that run in containers. Spec contract, sections 6.6 and 9.7.
import { parseImage, wantedImageOf } from '../grammar/image.ts';
import type { Sink } from './check.ts';
import type { Fact } from './facts.ts';
import { quoted } from './finding.ts';
import { text, under, type Entry, type Place } from './place.ts';

export function checkImage(service: Entry, sink: Sink): void {
  const { backend } = sink.context;
  if (backend === undefined || backend === 'host') return;
  const image = under(service, 'image');
  if (!image) {
    sink.key('R140', service);
    return;
  }
  const value = text(image);
  const result = value === undefined ? undefined : parseImage(value, backend);
  if (result === undefined || result.ok) return;
  const kind = backend === 'pyxis' ? 'a SIF image' : 'an enroot image';
  sink.value(result.rule, image, {
    words: { value: quoted(value ?? ''), kind, backend, wanted: wantedImageOf(backend) },
  });
}

/** The image when it comes from a registry. */
export function readRemoteImage(
  service: Place,
  backend: Sink['context']['backend'],
): Fact<string> | undefined {
  const image = under(service, 'image');
  const value = text(image);
  if (!image || value === undefined || backend === undefined || backend === 'host') return undefined;
  const kind = parseImage(value, backend);
  return kind.ok && kind.value === 'remote' ? { value, span: image.node.span } : undefined;
}
