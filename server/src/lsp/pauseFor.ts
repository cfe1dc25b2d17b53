// How long typing has to rest before what is costly begins: looking at a large text takes long, and the next keystroke ends it.
import type { Text } from '../model/text.ts';

/** Looking at a text takes about this long: a millisecond for so many characters. */
const CHARACTERS_PER_MS = 1000;

/** Milliseconds to wait after an edit of this text: at least `least`, longer where there is more to look at. */
export function pauseFor(text: Pick<Text, 'length'>, least: number): number {
  return least + text.length / CHARACTERS_PER_MS;
}
