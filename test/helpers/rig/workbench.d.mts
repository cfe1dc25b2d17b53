import type { Page } from 'playwright-core';

export interface WorkbenchOptions {
  readonly open?: readonly string[];
  readonly developed?: readonly string[];
  readonly extensions?: string;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly env?: Readonly<Record<string, string>>;
  readonly trust?: boolean;
  readonly window?: { readonly width?: number; readonly height?: number; readonly scale?: number };
}

export interface Workbench {
  readonly page: Page;
  close(): Promise<void>;
}

export function vscodeExecutable(): string;
export function openWorkbench(options: WorkbenchOptions): Promise<Workbench>;
export function openFile(page: Page, name: string): Promise<void>;
export function runCommand(page: Page, label: string): Promise<void>;
