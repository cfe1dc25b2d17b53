// The effects of the rootfs cache beyond those of the core, and the moments at which tests may stop it.
import { statfsSync } from 'node:fs';
import { arch } from 'node:process';
import type { Ports } from '../ports.ts';
import type { FileSystemUsage } from './watermark.ts';

/** Steps of the contract's sections 2.6 and 2.7 at which a kill must leave nothing wrong behind. */
export type RootfsStep =
  | 'A1'
  | 'A2'
  | 'A3'
  | 'A4'
  | 'A5'
  | 'A6'
  | 'A8'
  | 'A9'
  | 'A10'
  | 'A11'
  | 'A12'
  | 'G3'
  | 'G4'
  | 'G5'
  | 'G7a'
  | 'G7c'
  | 'G7d'
  | 'G7e'
  | 'G7f'
  | 'G7g'
  | 'G7h'
  | 'G9';

export interface FileSystemState extends FileSystemUsage {
  /** Magic number of the file system's type. */
  readonly type: number;
}

/** How this program starts itself, for what root does with another user's rights. */
export interface SelfCommand {
  readonly command: string;
  readonly args: readonly string[];
}

export interface RootfsPorts extends Pick<Ports, 'run' | 'log' | 'env' | 'lockChildren'> {
  readonly uid: number;
  readonly arch: string;
  readonly host: string;
  /** Version mixed into metadata. */
  readonly version: string;
  /** Nanoseconds since the epoch. */
  readonly nowNs: () => bigint;
  /** Absent: root looks at everybody's entries in this process alone. */
  readonly self?: SelfCommand;
  /** Throws what statfs(2) throws. */
  readonly statfs: (path: string) => FileSystemState;
  /** Called when a step is reached. */
  readonly onStep?: (step: RootfsStep, name?: string) => void | Promise<void>;
}

const MACHINES: Readonly<Record<string, string>> = { x64: 'x86_64', arm64: 'aarch64' };

/** The real effects over those of the core. */
export function rootfsPorts(
  ports: Pick<Ports, 'run' | 'log' | 'env' | 'lockChildren'>,
  identity: Pick<RootfsPorts, 'uid' | 'host' | 'version' | 'self'>,
): RootfsPorts {
  return {
    run: ports.run,
    log: ports.log,
    env: ports.env,
    lockChildren: ports.lockChildren,
    ...identity,
    arch: MACHINES[arch] ?? arch,
    nowNs: () => BigInt(Date.now()) * 1_000_000n,
    statfs: (path) => {
      const state = statfsSync(path, { bigint: true });
      return { ...state, type: Number(state.type) };
    },
  };
}
