// SPDX-License-Identifier: Apache-2.0

/** What is used of the platform's `WebAssembly`. */
interface WebAssemblyApi {
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (module: object) => { readonly exports: object };
}

/** What every module here exports: memory that never grows, so that views of it stay valid. */
export interface WasmExports {
  readonly memory: { readonly buffer: ArrayBuffer };
}

/**
 * Makes an instance of a module that was compiled from this package's `wasm` folder, at once: they are of a few kilobytes.
 *
 * @param base64 - the module
 * @returns null where there is no WebAssembly, where it is forbidden, or where it has no vectors: whoever asks has
 * another way
 */
export function instantiate<Exports extends WasmExports>(base64: string): Exports | null {
  const { WebAssembly, atob } = globalThis as unknown as {
    readonly WebAssembly?: WebAssemblyApi;
    readonly atob: (base64: string) => string;
  };
  if (WebAssembly === undefined) return null;
  const bytes = Uint8Array.from(atob(base64), (character) => character.charCodeAt(0));
  try {
    return new WebAssembly.Instance(new WebAssembly.Module(bytes)).exports as Exports;
  } catch {
    // The bytes are our own and tested, so what is missing is the platform's leave.
    return null;
  }
}
