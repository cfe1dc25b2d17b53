// Imported before everything else. Loading the server's code alone would let the young generation grow to four times its size, and
// machine code made while the first document is read comes too late for it: both processors are busy with the reading.
import { sendHelpersBehind } from './core/goBehind.ts';
import { optimiseLate } from './core/optimiseLate.ts';
import { keepHeapSmall } from './core/smallHeap.ts';

keepHeapSmall(25);
optimiseLate();
sendHelpersBehind();
