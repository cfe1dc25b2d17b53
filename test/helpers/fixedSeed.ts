// The same random cases in every run, so that a change is judged by what it changed; HPC_COMPOSE_SEED=any draws others, =NUMBER those.
import fc from 'fast-check';

const FIXED = 20_261_130;
const { HPC_COMPOSE_SEED: wanted } = process.env;

if (wanted !== 'any') fc.configureGlobal({ seed: Number(wanted ?? FIXED) });
