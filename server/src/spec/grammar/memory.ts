// Sizes of memory as hpc-compose's lint reads them. Spec contract, section 6.13.
import { trim } from './text.ts';

const POWERS = ['B', 'K', 'M', 'G', 'T', 'P'] as const;

/** Bytes of `4G`, `1.5 GiB`, `512`; a bare number counts mebibytes, as Slurm has it. Undefined for anything else. */
export function parseMemory(text: string): number | undefined {
  const match = /^([0-9.]+)(.*)$/su.exec(trim(text));
  if (!match || !/^(\d+\.?\d*|\.\d+)$/.test(match[1] ?? '')) return undefined;
  const unit = trim(match[2] ?? '').toUpperCase();
  const size = /^(?:B|([KMGTP])(?:I?B)?)?$/.exec(unit);
  if (!size) return undefined;
  const bare = unit === '' ? 1024 ** 2 : 1;
  const power = POWERS.indexOf((size[1] ?? 'B') as (typeof POWERS)[number]);
  return Math.floor(Number(match[1]) * 1024 ** power) * bare;
}

/** True for a number without a unit: digits with at most one dot. */
export function isBareNumber(text: string): boolean {
  return /^(?=.*[0-9])[0-9]*\.?[0-9]*$/.test(trim(text));
}

/** `512 MiB`, `1.5 GiB`. */
export function describeBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB', 'PiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit] ?? ''}`;
}
