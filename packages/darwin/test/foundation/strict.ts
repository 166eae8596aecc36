// SPDX-License-Identifier: Apache-2.0
// Objects that know their selectors: where NativeScript gives undefined, or Apple's runtime ends the process, these throw.

/** A use that Apple forbids, or that nobody should rely on. */
export class Misuse extends Error {
  override readonly name = "Misuse";
}

/** Who keeps account of what was done wrong, since an engine may catch what is thrown. */
export interface Account {
  readonly misuses: string[];
}

export function misuse(account: Account, text: string): never {
  account.misuses.push(text);
  throw new Misuse(text);
}

/** An object of a class, without any property but the given ones. */
export function strict<T extends object>(account: Account, className: string, members: T): T {
  const known = (name: string | symbol): boolean => {
    if (typeof name === "symbol" || name in members) return true;
    // What promises and test runners look for in anything.
    if (name === "then" || name === "toJSON" || name === "asymmetricMatch" || name === "nodeType")
      return true;
    return misuse(account, `[${className} ${name}]: unrecognized selector`);
  };
  return new Proxy(members, {
    get: (target, name) => (known(name) ? Reflect.get(target, name) : undefined),
    set: (target, name, value) => {
      known(name);
      if (Reflect.set(target, name, value)) return true;
      return misuse(account, `[${className} ${String(name)}] cannot be set`);
    },
  });
}
