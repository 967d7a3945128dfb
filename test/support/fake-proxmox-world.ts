/**
 * What a fake Proxmox VE cluster has: nodes, containers, tasks that take time, and
 * the rules of the real one as far as they are in its sources. Data of containers
 * are real files, so that a rollback is seen to bring them back.
 */
import { cpSync, existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface FakeGuest {
  vmid: number;
  type: 'lxc' | 'qemu';
  node: string;
  status: 'running' | 'stopped';
  startedAt: number;
  config: Record<string, string | number>;
  snapshots: Map<
    string,
    { snaptime: number; parent?: string; snapstate?: string; config: Record<string, string | number> }
  >;
  /** What the manager of high availability is about to make of it. */
  wish?: { status: 'running' | 'stopped'; at: number };
}

export interface FakeTask {
  upid: string;
  node: string;
  type: string;
  vmid: number;
  endsAt: number;
  /** Done at the end; throws a reason when it fails. */
  work: () => void;
  exitstatus?: string;
  log: string[];
  forgotten: boolean;
}

/** A refusal in the words of the real one. */
export class Refusal extends Error {
  readonly status: number;
  readonly errors: Record<string, string> | undefined;
  constructor(reason: string, status = 500, errors?: Record<string, string>) {
    super(reason);
    this.status = status;
    this.errors = errors;
  }
}

export interface FakeWorld {
  nodes: Map<string, { online: boolean; mem: number; maxmem: number }>;
  guests: Map<number, FakeGuest>;
  tasks: Map<string, FakeTask>;
  ha: Map<string, Record<string, string>>;
  storageType: string;
  /** Milliseconds that a task of this type takes; 0 when it is not here. */
  takes: Map<string, number>;
  /** How the next task of this type ends, without having done anything. */
  fails: Map<string, string>;
  /** The next task of this type does its work, or none of it, and nobody knows of it any more. */
  vanishes: Map<string, 'done' | 'undone'>;
  /** Milliseconds until the manager of high availability has done what it was asked. */
  haTakes: number;
  now(): number;
  /** Ends what is due. */
  settle(): void;
  begin(type: string, guest: Pick<FakeGuest, 'node' | 'vmid'>, work: () => void, log?: string[]): string;
  guest(node: string, vmid: number): FakeGuest;
  checkLock(guest: FakeGuest): void;
  switchTo(guest: FakeGuest, status: 'running' | 'stopped'): void;
  add(guest: Omit<FakeGuest, 'snapshots' | 'startedAt'>): FakeGuest;
  remove(guest: FakeGuest): void;
  snapshot(guest: FakeGuest, name: string): void;
  rollback(guest: FakeGuest, name: string): void;
  /** The root of a container's files. */
  rootOf(vmid: number): string;
}

/** What a container is locked with while such a task is at work on it. */
const locks: Record<string, string> = {
  vzsnapshot: 'snapshot',
  vzdelsnapshot: 'snapshot-delete',
  vzrollback: 'rollback',
};

export const createFakeWorld = (dir: string, now: () => number): FakeWorld => {
  let pid = 0;
  const inContainer = (vmid: number, ...path: string[]): string => join(dir, String(vmid), ...path);

  const world: FakeWorld = {
    nodes: new Map([['pve1', { online: true, mem: 2 ** 33, maxmem: 2 ** 35 }]]),
    guests: new Map(),
    tasks: new Map(),
    ha: new Map(),
    storageType: 'lvmthin',
    takes: new Map(),
    fails: new Map(),
    vanishes: new Map(),
    haTakes: 0,
    now,
    rootOf: (vmid) => inContainer(vmid, 'rootfs'),

    settle: () => {
      for (const guest of world.guests.values()) {
        if (guest.wish && guest.wish.at <= now()) {
          const { status } = guest.wish;
          delete guest.wish;
          world.switchTo(guest, status);
        }
      }
      for (const task of world.tasks.values()) {
        if (task.exitstatus !== undefined || task.endsAt > now()) continue;
        try {
          task.work();
          task.exitstatus = 'OK';
          task.log.push('TASK OK');
        } catch (error) {
          task.exitstatus = (error as Error).message;
          task.log.push(`TASK ERROR: ${task.exitstatus}`);
        }
      }
    },

    begin: (type, { node, vmid }, work, log = []) => {
      pid += 1;
      const hex = (value: number) => value.toString(16).toUpperCase().padStart(8, '0');
      const upid = `UPID:${node}:${hex(pid)}:${hex(pid)}:${hex(Math.floor(now() / 1000))}:${type}:${vmid}:fake@pve!test:`;
      const failure = world.fails.get(type);
      const vanishing = world.vanishes.get(type);
      world.fails.delete(type);
      world.vanishes.delete(type);
      const guest = world.guests.get(vmid);
      const lock = locks[type];
      if (guest && lock) guest.config.lock = lock;
      const effect = () => {
        if (lock) delete guest?.config.lock;
        if (failure !== undefined) throw new Error(failure);
        if (vanishing !== 'undone') work();
      };
      const endsAt = now() + (world.takes.get(type) ?? 0);
      const task = { upid, node, type, vmid, endsAt, work: effect, log, forgotten: vanishing !== undefined };
      world.tasks.set(upid, task);
      return upid;
    },

    guest: (node, vmid) => {
      const guest = world.guests.get(vmid);
      if (guest?.node !== node) {
        throw new Refusal(`Configuration file 'nodes/${node}/lxc/${vmid}.conf' does not exist`);
      }
      return guest;
    },

    checkLock: ({ config }) => {
      if (config.lock !== undefined) throw new Refusal(`CT is locked (${config.lock})`);
    },

    switchTo: (guest, status) => {
      guest.status = status;
      guest.startedAt = now();
      const mark = inContainer(guest.vmid, 'running');
      if (status === 'running') writeFileSync(mark, '');
      else rmSync(mark, { force: true });
    },

    add: (given) => {
      if (world.guests.has(given.vmid)) throw new Refusal(`CT ${given.vmid} already exists on node '${given.node}'`);
      const guest: FakeGuest = { ...given, snapshots: new Map(), startedAt: now() };
      mkdirSync(world.rootOf(given.vmid), { recursive: true });
      world.guests.set(given.vmid, guest);
      world.switchTo(guest, given.status);
      return guest;
    },

    remove: (guest) => {
      world.guests.delete(guest.vmid);
      rmSync(inContainer(guest.vmid), { recursive: true, force: true });
    },

    snapshot: (guest, name) => {
      const { config } = guest;
      const parent = config.parent === undefined ? {} : { parent: String(config.parent) };
      const { description, lock, parent: before, ...kept } = config;
      cpSync(world.rootOf(guest.vmid), inContainer(guest.vmid, 'snapshots', name), { recursive: true });
      guest.snapshots.set(name, { snaptime: Math.floor(now() / 1000), ...parent, config: kept });
      config.parent = name;
    },

    rollback: (guest, name) => {
      const snapshot = guest.snapshots.get(name);
      if (!snapshot) throw new Error(`snapshot '${name}' does not exist`);
      const isParent = [...guest.snapshots.values()].some(({ parent }) => parent === name);
      if (world.storageType === 'zfspool' && isParent) {
        throw new Error(`can't rollback, '${name}' is not most recent snapshot on 'zfs:subvol-${guest.vmid}-disk-0'`);
      }
      world.switchTo(guest, 'stopped');
      rmSync(world.rootOf(guest.vmid), { recursive: true, force: true });
      const copy = inContainer(guest.vmid, 'snapshots', name);
      if (existsSync(copy)) cpSync(copy, world.rootOf(guest.vmid), { recursive: true });
      // All settings go back but the description.
      const { description } = guest.config;
      guest.config = { ...snapshot.config, ...(description === undefined ? {} : { description }), parent: name };
    },
  };
  return world;
};
