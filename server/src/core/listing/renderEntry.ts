// One entry as `cache list` prints it, from the bytes of its manifest. A manifest in the exact layout is already the item of the
// JSON listing and needs no parsing; anything else is parsed, checked and written anew.
import type { Manifest } from '../../model/cache.ts';
import { escapeControl } from '../cacheNames.ts';
import { maskManifest } from '../maskEntries.ts';
import { parseManifestBytes } from '../manifestFile.ts';
import { matchManifestLayout, type ManifestLayout } from '../manifestLayout.ts';

export type ListingFormat = 'text' | 'json';

/** The entry's text: a line for `text`, an indented item without separator for `json`. */
export type Rendered = { readonly text: string } | { readonly problem: string };

type Mask = (manifest: Manifest) => Manifest;

/** Renders an entry that lies at `artifactPath`, secrets masked: by the names of variables and by `recorded`, if there is one. */
export function renderEntry(
  bytes: Buffer,
  artifactPath: string,
  format: ListingFormat,
  recorded?: Mask,
): Rendered {
  const plain = bytes.toString('latin1');
  const layout = recorded ? undefined : matchManifestLayout(plain);
  if (layout) {
    const text =
      format === 'text' ? layoutLine(layout, artifactPath) : layoutItem(plain, layout, artifactPath);
    if (text !== undefined) return { text };
  }
  const parsed = parseManifestBytes(bytes);
  if ('problem' in parsed) return parsed;
  return { text: renderManifest((recorded ?? maskManifest)(parsed.manifest), artifactPath, format) };
}

/** Renders a manifest that is known as a value and has nothing to mask. */
export function renderManifest(manifest: Manifest, artifactPath: string, format: ListingFormat): string {
  if (format === 'json') {
    const item = { ...manifest, artifact_path: artifactPath };
    return indented(JSON.stringify(item, null, 2));
  }
  const services = manifest.service_names.join(',');
  return textLine(
    manifest.kind,
    escapeControl(artifactPath),
    escapeControl(services),
    escapeControl(manifest.source_image),
  );
}

function textLine(kind: string, artifactPath: string, services: string, source: string): string {
  return `${kind}\t${artifactPath}\tservices=${services}\tsource=${source}\n`;
}

/** Undefined when strings hold escapes: then the values have to be parsed. */
function layoutLine(layout: ManifestLayout, artifactPath: string): string | undefined {
  const { kind, serviceNames, sourceImage } = layout;
  if (serviceNames.includes('\\') || sourceImage.includes('\\')) return undefined;
  const services = serviceNames === '[]' ? '' : serviceNames.slice(7, -5).replaceAll('",\n    "', ',');
  return textLine(kind, escapeControl(artifactPath), services, sourceImage.slice(1, -1));
}

/** Anything that may be a secret name somewhere among the variables: then they are looked at one by one. */
const MAYBE_SECRET = /SECRET|TOKEN|PASSWORD|PASSWD|_KEY|CREDENTIAL|AUTH|COOKIE|SESSION|BEARER/i;

function layoutItem(plain: string, layout: ManifestLayout, artifactPath: string): string | undefined {
  const item = plainItem(plain, layout, artifactPath);
  return item === undefined ? undefined : indented(item);
}

/** The manifest's text with the place where it was found; undefined when there may be something to mask in it. */
export function plainItem(plain: string, layout: ManifestLayout, artifactPath: string): string | undefined {
  if (layout.prepareEnv !== '[]' && MAYBE_SECRET.test(layout.prepareEnv)) return undefined;
  const path = JSON.stringify(artifactPath);
  if (layout.artifactPath === path) return plain;
  const at = layout.artifactPathAt;
  return plain.slice(0, at) + path + plain.slice(at + layout.artifactPath.length);
}

function indented(item: string): string {
  return `  ${item.replaceAll('\n', '\n  ')}`;
}
