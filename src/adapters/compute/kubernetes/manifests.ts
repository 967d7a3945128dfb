/** What a site is made of beside its workload: its namespace, who may do what in it, its limits, its network. */
import type {
  V1LimitRange,
  V1Namespace,
  V1NetworkPolicy,
  V1PersistentVolumeClaim,
  V1ResourceQuota,
  V1RoleBinding,
  V1Secret,
  V1Service,
  V1ServiceAccount,
} from '@kubernetes/client-node';
import { figuresOf, jobFigures, mebibytes, millicores } from './figures.ts';
import type { SiteSettings } from './settings.ts';
import { managedByLabel, panelLabel, type Site, type SiteRecord, serviceLabel, siteAnnotation } from './site-record.ts';

/** Which pods are the site itself; a copy job's are not. */
export const sitePods = { 'provisor.dev/role': 'site' };
export const workloadName = 'site';
export const httpPort = 80;

export const labelsOf = ({ name, owner }: Pick<Site, 'name' | 'owner'>, managedBy: string) => ({
  'app.kubernetes.io/name': 'wordpress',
  'app.kubernetes.io/instance': name,
  [managedByLabel]: managedBy,
  [panelLabel]: owner.panel,
  [serviceLabel]: owner.service,
});

export const namespaceOf = (
  site: { name: string; owner: Site['owner']; record: SiteRecord; uid?: string },
  { managedBy }: SiteSettings,
): V1Namespace => ({
  apiVersion: 'v1',
  kind: 'Namespace',
  metadata: {
    name: site.name,
    // With it an apply changes the namespace that was looked at, and never makes a new one.
    ...(site.uid === undefined ? {} : { uid: site.uid }),
    labels: {
      ...labelsOf(site, managedBy),
      'pod-security.kubernetes.io/enforce': 'restricted',
      'pod-security.kubernetes.io/warn': 'restricted',
    },
    annotations: { [siteAnnotation]: JSON.stringify(site.record) },
  },
});

/** What every object in the namespace has. */
export const metadataOf = (site: Site, { managedBy }: SiteSettings, name: string) => ({
  name,
  namespace: site.name,
  labels: labelsOf(site, managedBy),
});

export const roleBindingOf = (site: Site, settings: SiteSettings, user: string): V1RoleBinding => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'RoleBinding',
  metadata: metadataOf(site, settings, 'provisor'),
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: settings.tenantRole },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }],
});

export const serviceAccountOf = (site: Site, settings: SiteSettings): V1ServiceAccount => ({
  apiVersion: 'v1',
  kind: 'ServiceAccount',
  metadata: metadataOf(site, settings, workloadName),
  automountServiceAccountToken: false,
});

/** Room for the site, one pod that replaces it and one that copies; for its data, that of a rollback, and its copies. */
export const quotaOf = (site: Site, settings: SiteSettings): V1ResourceQuota => {
  const { total } = figuresOf(site.record, settings);
  const claims = 3 + settings.copies;
  return {
    apiVersion: 'v1',
    kind: 'ResourceQuota',
    metadata: metadataOf(site, settings, 'plan'),
    spec: {
      hard: {
        'requests.cpu': millicores(2 * total.cpuRequest + jobFigures.cpu),
        'limits.cpu': millicores(2 * total.cpu + jobFigures.cpu),
        'requests.memory': mebibytes(2 * total.memory + jobFigures.memory),
        'limits.memory': mebibytes(2 * total.memory + jobFigures.memory),
        'requests.storage': mebibytes(claims * site.record.diskMb),
        persistentvolumeclaims: String(claims),
        pods: '3',
        'services.loadbalancers': '0',
        'services.nodeports': '0',
      },
    },
  };
};

export const limitRangeOf = (site: Site, settings: SiteSettings): V1LimitRange => {
  const { total } = figuresOf(site.record, settings);
  const usual = { cpu: millicores(jobFigures.cpu), memory: mebibytes(jobFigures.memory), 'ephemeral-storage': '1Gi' };
  return {
    apiVersion: 'v1',
    kind: 'LimitRange',
    metadata: metadataOf(site, settings, 'plan'),
    spec: {
      limits: [
        {
          type: 'Container',
          _default: usual,
          defaultRequest: usual,
          max: {
            cpu: millicores(Math.max(total.cpu, jobFigures.cpu)),
            memory: mebibytes(Math.max(total.memory, jobFigures.memory)),
          },
        },
        { type: 'PersistentVolumeClaim', max: { storage: mebibytes(site.record.diskMb) } },
      ],
    },
  };
};

/** Private, shared, link-local (where clouds keep their metadata) and loopback. */
const notTheInternet = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.168.0.0/16',
];
const notTheInternet6 = ['::1/128', '64:ff9b::/96', 'fc00::/7', 'fe80::/10'];

export const networkPoliciesOf = (site: Site, settings: SiteSettings): V1NetworkPolicy[] => {
  const policy = (name: string, spec: V1NetworkPolicy['spec']): V1NetworkPolicy => ({
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: metadataOf(site, settings, name),
    ...(spec ? { spec } : {}),
  });
  const namespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });
  const podSelector = { matchLabels: sitePods };
  return [
    policy('deny-all', { podSelector: {}, policyTypes: ['Ingress', 'Egress'] }),
    policy('from-ingress', {
      podSelector,
      policyTypes: ['Ingress'],
      ingress: [{ _from: [namespace(settings.ingressNamespace)], ports: [{ protocol: 'TCP', port: httpPort }] }],
    }),
    policy('to-dns', {
      podSelector,
      policyTypes: ['Egress'],
      egress: [
        {
          to: [namespace('kube-system')],
          ports: [
            { protocol: 'UDP', port: 53 },
            { protocol: 'TCP', port: 53 },
          ],
        },
      ],
    }),
    policy('to-internet', {
      podSelector,
      policyTypes: ['Egress'],
      egress: [
        {
          to: [
            { ipBlock: { cidr: '0.0.0.0/0', except: notTheInternet } },
            { ipBlock: { cidr: '::/0', except: notTheInternet6 } },
          ],
        },
      ],
    }),
  ];
};

/** Made once and never read by us again: the passwords that the data was made with. */
export const secretOf = (site: Site, settings: SiteSettings, makePassword: () => string): V1Secret => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: metadataOf(site, settings, workloadName),
  immutable: true,
  type: 'Opaque',
  stringData: { 'database-password': makePassword(), 'admin-password': makePassword() },
});

/** How a claim came to be: the site's first, or what a snapshot was brought back into. */
export const claimRole = 'provisor.dev/role';
export const snapshotAnnotation = 'provisor.dev/snapshot';

export const claimOf = (
  site: Site,
  settings: SiteSettings,
  name: string,
  more: {
    role: 'data' | 'copy';
    annotations?: Record<string, string>;
    /** A VolumeSnapshot that it is filled from. */
    volumeSnapshot?: string;
  },
): V1PersistentVolumeClaim => {
  const metadata = metadataOf(site, settings, name);
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: {
      ...metadata,
      labels: { ...metadata.labels, [claimRole]: more.role },
      ...(more.annotations ? { annotations: more.annotations } : {}),
    },
    spec: {
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: mebibytes(site.record.diskMb) } },
      ...(settings.storageClass === undefined ? {} : { storageClassName: settings.storageClass }),
      ...(more.volumeSnapshot === undefined
        ? {}
        : {
            dataSource: {
              apiGroup: 'snapshot.storage.k8s.io',
              kind: 'VolumeSnapshot',
              name: more.volumeSnapshot,
            },
          }),
    },
  };
};

export const serviceOf = (site: Site, settings: SiteSettings): V1Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: metadataOf(site, settings, workloadName),
  spec: {
    type: 'ClusterIP',
    selector: sitePods,
    ports: [{ name: 'http', port: 80, protocol: 'TCP', targetPort: 'http' }],
  },
});
