// Durations as people write them for other tools (`4h`, `1d 12h`, `90 min`), in Slurm's own form.

const HABIT =
  /^\s*(?:(\d+)\s*d(?:ays?)?)?\s*(?:(\d+)\s*h(?:(?:ou)?rs?)?)?\s*(?:(\d+)\s*m(?:in(?:ute)?s?)?)?\s*(?:(\d+)\s*s(?:ec(?:ond)?s?)?)?\s*$/i;

/** `4h` -> `04:00:00`, `2d` -> `2-00:00:00`; undefined for anything else. */
export function slurmTimeOf(text: string): string | undefined {
  const match = HABIT.exec(text);
  if (!match || text.trim() === '') return undefined;
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = match
    .slice(1)
    .map((part: string | undefined) => Number(part ?? 0));
  const total = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
  if (!Number.isSafeInteger(total)) return undefined;
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  const clock = (within: number) => `${two(within / 3600)}:${two((within % 3600) / 60)}:${two(within % 60)}`;
  return total < 86_400 ? clock(total) : `${Math.floor(total / 86_400)}-${clock(total % 86_400)}`;
}
