// Imported before everything else: loading the server's code alone would let the young generation grow to four times its size.
import { keepHeapSmall } from './core/smallHeap.ts';

keepHeapSmall(25);
