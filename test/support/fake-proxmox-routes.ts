/** The paths of a fake Proxmox VE: their parameters, and what each does to its world. */
import { type FakeGuest, type FakeWorld, Refusal } from './fake-proxmox-world.ts';

export type Fields = Record<string, string>;
/** The fields are all that the path takes; any other is refused, as the real one does. */
export type Route = [
  method: string,
  path: RegExp,
  fields: string[],
  answer: (match: string[], fields: Fields) => unknown,
];

export const routesOf = (world: FakeWorld): Route[] => {
  const power = (guest: FakeGuest, status: 'running' | 'stopped', type: string, haType: string): string => {
    if (world.ha.has(`ct:${guest.vmid}`)) {
      return world.begin(haType, guest, () => {
        guest.wish = { status, at: world.now() + world.haTakes };
      });
    }
    world.checkLock(guest);
    return world.begin(type, guest, () => world.switchTo(guest, status));
  };
  const must = (guest: FakeGuest, status: 'running' | 'stopped') => {
    if (guest.status !== status)
      throw new Refusal(`CT ${guest.vmid} ${status === 'running' ? 'not' : 'already'} running`);
  };
  const free = (vmid: number) => {
    const taken = world.guests.get(vmid);
    if (taken) throw new Refusal(`CT ${vmid} already exists on node '${taken.node}'`);
  };
  const lxc = '/nodes/([^/]+)/lxc/(\\d+)';
  const at = (path: string) => new RegExp(`^${path}$`);
  const guestAt = ([, node, vmid]: string[]) => world.guest(node!, Number(vmid));
  const taskAt = ([, , upid]: string[]) => {
    const task = world.tasks.get(decodeURIComponent(upid!));
    if (!task || task.forgotten) throw new Refusal('Parameter verification failed.', 400, { upid: 'no such task' });
    return task;
  };
  /** Numbers as the real one answers them, and a volume for what was a size. */
  const settings = (fields: Fields): Record<string, string | number> =>
    Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, /^\d+$/.test(value) ? Number(value) : value]),
    );
  const netOf = (net0: string | number | undefined) => `${net0},hwaddr=BC:24:11:00:00:01`;

  return [
    [
      'GET',
      at('/cluster/resources'),
      ['type'],
      (_match, { type }) =>
        type === 'node'
          ? [...world.nodes].map(([node, { online, mem, maxmem }]) => ({
              id: `node/${node}`,
              type: 'node',
              node,
              status: online ? 'online' : 'offline',
              ...(online ? { mem, maxmem } : {}),
            }))
          : [...world.guests.values()].map((guest) => ({
              id: `${guest.type}/${guest.vmid}`,
              vmid: guest.vmid,
              node: guest.node,
              type: guest.type,
              status: guest.status,
              template: 0,
              ...(guest.config.tags === undefined ? {} : { tags: guest.config.tags }),
            })),
    ],
    [
      'POST',
      at('/nodes/([^/]+)/lxc'),
      'vmid ostemplate hostname description memory swap cores rootfs net0 tags unprivileged features onboot'.split(' '),
      ([, node], { vmid, ostemplate, rootfs = '', net0, description, ...rest }) => {
        free(Number(vmid));
        if (!ostemplate?.includes(':vztmpl/')) throw new Refusal('unable to parse volume ID', 500);
        const [storage, gib] = rootfs.split(':');
        // Nothing but the lock is there until the task is over.
        const guest = world.add({
          vmid: Number(vmid),
          type: 'lxc',
          node: node!,
          status: 'stopped',
          config: { lock: 'create' },
        });
        const work = () => {
          guest.config = {
            ...settings(rest),
            description: `${description?.trimEnd()}\n`,
            net0: netOf(net0),
            rootfs: `${storage}:vm-${vmid}-disk-0,size=${Math.round(Number(gib) * 1024)}M`,
          };
        };
        const upid = world.begin('vzcreate', guest, work, ['extracting archive']);
        const task = world.tasks.get(upid)!;
        const { work: effect } = task;
        task.work = () => {
          try {
            effect();
          } catch (error) {
            world.remove(guest);
            throw error;
          }
        };
        return upid;
      },
    ],
    [
      'POST',
      at(`${lxc}/clone`),
      ['newid', 'hostname', 'description', 'storage', 'full', 'target'],
      (match, { newid, hostname, description, storage, target }) => {
        const source = guestAt(match);
        free(Number(newid));
        const config = { ...source.config, hostname: hostname!, description: `${description?.trimEnd()}\n` };
        const guest = world.add({
          vmid: Number(newid),
          type: 'lxc',
          node: target ?? source.node,
          status: 'stopped',
          config: { ...config, lock: 'create' },
        });
        return world.begin('vzclone', source, () => {
          guest.config = { ...config, rootfs: `${storage}:vm-${newid}-disk-0,size=1G` };
        });
      },
    ],
    ['GET', at(`${lxc}/config`), [], (match) => ({ ...guestAt(match).config, digest: 'd' })],
    [
      'PUT',
      at(`${lxc}/config`),
      ['memory', 'swap', 'cores', 'net0', 'tags', 'description', 'onboot'],
      (match, { net0, ...fields }) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        Object.assign(guest.config, settings(fields), net0 === undefined ? {} : { net0: netOf(net0) });
        return null;
      },
    ],
    [
      'PUT',
      at(`${lxc}/resize`),
      ['disk', 'size'],
      (match, { size }) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        const now = /size=(\d+)([MG])/.exec(String(guest.config.rootfs))!;
        const [before, wished] = [Number(now[1]) * (now[2] === 'G' ? 1024 : 1), Number(/^(\d+)M$/.exec(size!)?.[1])];
        if (wished < before) throw new Refusal('unable to shrink disk size');
        if (wished === before) throw new Refusal('disk is already at specified size');
        return world.begin('resize', guest, () => {
          guest.config.rootfs = String(guest.config.rootfs).replace(/size=.*/, `size=${wished}M`);
        });
      },
    ],
    [
      'GET',
      at(`${lxc}/status/current`),
      [],
      (match) => {
        const guest = guestAt(match);
        const isUp = guest.status === 'running';
        const managed = world.ha.has(`ct:${guest.vmid}`);
        return {
          vmid: guest.vmid,
          status: guest.status,
          cpu: isUp ? 0.25 : 0,
          mem: isUp ? 96 * 2 ** 20 : 0,
          disk: isUp ? 512 * 2 ** 20 : 0,
          uptime: isUp ? Math.floor((world.now() - guest.startedAt) / 1000) : 0,
          ha: managed ? { managed: 1, state: guest.wish ? 'request_start' : 'started' } : { managed: 0 },
        };
      },
    ],
    [
      'POST',
      at(`${lxc}/status/start`),
      [],
      (match) => {
        must(guestAt(match), 'stopped');
        return power(guestAt(match), 'running', 'vzstart', 'hastart');
      },
    ],
    [
      'POST',
      at(`${lxc}/status/stop`),
      [],
      (match) => {
        must(guestAt(match), 'running');
        return power(guestAt(match), 'stopped', 'vzstop', 'hastop');
      },
    ],
    [
      'POST',
      at(`${lxc}/status/shutdown`),
      ['timeout', 'forceStop'],
      (match) => {
        must(guestAt(match), 'running');
        return power(guestAt(match), 'stopped', 'vzshutdown', 'hastop');
      },
    ],
    [
      'POST',
      at(`${lxc}/status/reboot`),
      ['timeout'],
      (match) => {
        const guest = guestAt(match);
        must(guest, 'running');
        return world.begin('vzreboot', guest, () => world.switchTo(guest, 'running'));
      },
    ],
    [
      'DELETE',
      at(lxc),
      ['purge', 'force'],
      (match, { purge }) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        if (guest.status === 'running') throw new Refusal(`unable to destroy CT ${guest.vmid} - container is running`);
        if (purge !== '1' && world.ha.has(`ct:${guest.vmid}`)) throw new Refusal('used in HA resources');
        return world.begin('vzdestroy', guest, () => {
          world.ha.delete(`ct:${guest.vmid}`);
          world.remove(guest);
        });
      },
    ],
    [
      'GET',
      at(`${lxc}/snapshot`),
      [],
      (match) => {
        const { snapshots, config } = guestAt(match);
        const whole = [...snapshots].map(([name, { config: _kept, ...rest }]) => ({ name, description: '', ...rest }));
        return [...whole, { name: 'current', description: 'You are here!', parent: config.parent, running: 0 }];
      },
    ],
    [
      'POST',
      at(`${lxc}/snapshot`),
      ['snapname'],
      (match, { snapname = '' }) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        if (!/^[a-z][a-z0-9_-]{1,39}$/i.test(snapname) || snapname === 'current' || snapname === 'vzdump') {
          throw new Refusal('Parameter verification failed.', 400, { snapname: 'invalid format' });
        }
        return world.begin('vzsnapshot', guest, () => {
          if (guest.snapshots.has(snapname)) throw new Error(`snapshot name '${snapname}' already used`);
          world.snapshot(guest, snapname);
        });
      },
    ],
    [
      'DELETE',
      at(`${lxc}/snapshot/([^/]+)`),
      [],
      (match) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        return world.begin('vzdelsnapshot', guest, () => {
          const [, , , name = ''] = match;
          const found = guest.snapshots.get(name);
          if (!found) throw new Error(`snapshot '${name}' does not exist`);
          guest.snapshots.delete(name);
          for (const each of [guest.config, ...guest.snapshots.values()]) {
            if (each.parent === name) Object.assign(each, { parent: found.parent });
          }
        });
      },
    ],
    [
      'POST',
      at(`${lxc}/snapshot/([^/]+)/rollback`),
      [],
      (match) => {
        const guest = guestAt(match);
        world.checkLock(guest);
        return world.begin('vzrollback', guest, () => world.rollback(guest, match[3]!));
      },
    ],
    ['GET', at('/nodes/([^/]+)/storage/([^/]+)/status'), [], () => ({ type: world.storageType, active: 1 })],
    [
      'GET',
      at('/nodes/([^/]+)/tasks'),
      ['source', 'vmid'],
      ([, node], { vmid }) =>
        [...world.tasks.values()]
          .filter((task) => task.node === node && String(task.vmid) === vmid && task.exitstatus === undefined)
          .map(({ upid }) => ({ upid })),
    ],
    [
      'GET',
      at('/nodes/([^/]+)/tasks/([^/]+)/status'),
      [],
      (match) => {
        const { exitstatus } = taskAt(match);
        return exitstatus === undefined ? { status: 'running' } : { status: 'stopped', exitstatus };
      },
    ],
    [
      'GET',
      at('/nodes/([^/]+)/tasks/([^/]+)/log'),
      ['limit'],
      (match) => taskAt(match).log.map((line, index) => ({ n: index + 1, t: line })),
    ],
    ['GET', at('/cluster/ha/resources'), [], () => [...world.ha].map(([sid, fields]) => ({ sid, ...fields }))],
    [
      'POST',
      at('/cluster/ha/resources'),
      ['sid', 'state', 'group'],
      (_match, { sid = '', ...rest }) => {
        if (world.ha.has(sid)) throw new Refusal(`resource ID '${sid}' already defined`);
        world.ha.set(sid, rest);
        const guest = world.guests.get(Number(sid.slice(3)));
        if (guest && rest.state === 'started') guest.wish = { status: 'running', at: world.now() + world.haTakes };
        return null;
      },
    ],
    [
      'DELETE',
      at('/cluster/ha/resources/([^/]+)'),
      [],
      ([, sid = '']) => {
        if (!world.ha.delete(decodeURIComponent(sid)))
          throw new Refusal(`cannot delete service '${sid}', not HA managed!`);
        delete world.guests.get(Number(sid.slice(3)))?.wish;
        return null;
      },
    ],
  ];
};
