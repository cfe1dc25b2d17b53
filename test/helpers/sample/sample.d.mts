export interface Sample {
  readonly folder: string;
  readonly workspace: string;
  readonly shared: string;
  readonly cache: string;
  readonly enroot: string;
  readonly isStandIn: boolean;
  readonly settings: Readonly<Record<string, string>>;
  remove(): void;
}

export function makeSample(name: string, folder?: string): Sample;
