// The language server's door: LSP over stdio or node-ipc.
export {};
