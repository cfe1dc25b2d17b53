// The extension's door: starts as little as possible at activation.
export function activate(): void {
  // Filled by the client's features.
}
