import type { Clock } from './clock.ts';
import type { Storage } from './storage.ts';

/** Keys that a component keeps in memory. Past it the one that was made first is forgotten. */
export const MAX_MEMORY_KEYS = 65_536;

interface Entry {
  value: string | number;
  /** `Infinity` when it is kept. */
  readonly expiresAt: number;
}

/** A storage of this process: bounded, without timers, and gone with the process. */
export class MemoryStorage implements Storage {
  readonly #clock: Clock;
  readonly #maxKeys: number;
  /** In the order in which they were made. */
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, maxKeys = MAX_MEMORY_KEYS) {
    this.#clock = clock;
    this.#maxKeys = maxKeys;
  }

  /** How many keys are being remembered. */
  get size(): number {
    return this.#entries.size;
  }

  async get(key: string): Promise<string | null> {
    const entry = this.#find(key);
    return entry === undefined ? null : String(entry.value);
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    this.#make(key, value, ttlMs);
  }

  async increment(key: string, by: number, ttlMs: number): ReturnType<Storage['increment']> {
    const entry = this.#find(key) ?? this.#make(key, 0, ttlMs);
    entry.value = (Number(entry.value) || 0) + by;
    return { value: entry.value, expiresInMs: entry.expiresAt - this.#clock.now() };
  }

  async delete(key: string): Promise<boolean> {
    const found = this.#find(key) !== undefined;
    this.#entries.delete(key);
    return found;
  }

  #find(key: string): Entry | undefined {
    const entry = this.#entries.get(key);
    return entry === undefined || entry.expiresAt <= this.#clock.now() ? undefined : entry;
  }

  #make(key: string, value: string | number, ttlMs: number): Entry {
    const now = this.#clock.now();
    const entry = { value, expiresAt: ttlMs > 0 ? now + ttlMs : Number.POSITIVE_INFINITY };
    // A key that is made again is the youngest.
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    this.#dropOldest(now);
    return entry;
  }

  /** What has expired, as far as it stands in front; and one more if there are too many. */
  #dropOldest(now: number): void {
    for (const [key, { expiresAt }] of this.#entries) {
      if (expiresAt > now && this.#entries.size <= this.#maxKeys) return;
      this.#entries.delete(key);
    }
  }
}

/** Storages in memory, one for each name, made when it is asked for. */
export function memoryStorages(clock: Clock): (name: string) => Storage {
  const storages = new Map<string, Storage>();
  return (name) => {
    const storage = storages.get(name) ?? new MemoryStorage(clock);
    storages.set(name, storage);
    return storage;
  };
}
