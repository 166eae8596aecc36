// SPDX-License-Identifier: Apache-2.0
import { byId, make } from "./elements.js";

/** Who is in the room. */
export class People {
  readonly #list = byId("people", HTMLUListElement);
  #names = new Set<string>();

  show(names: Iterable<string>): void {
    this.#names = new Set(names);
    this.#render();
  }

  /** @returns whether that is news */
  add(name: string): boolean {
    const isNew = !this.#names.has(name);
    this.#names.add(name);
    this.#render();
    return isNew;
  }

  /** @returns whether that is news */
  remove(name: string): boolean {
    const wasThere = this.#names.delete(name);
    this.#render();
    return wasThere;
  }

  #render(): void {
    const names = [...this.#names].sort((a, b) => a.localeCompare(b));
    this.#list.replaceChildren(
      ...names.map((name) => {
        const item = make("li", "", name);
        item.dir = "auto";
        return item;
      }),
    );
  }
}
