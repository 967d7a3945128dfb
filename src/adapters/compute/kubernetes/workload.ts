/**
 * WordPress and its database in one pod, on one volume by subPath, so that one
 * snapshot of it is the whole site. The database is a sidecar; what installs
 * WordPress runs between the two, so a pod that is ready is a site that is installed.
 */
import type { V1Container, V1Deployment, V1Job, V1PodSpec, V1SecurityContext } from '@kubernetes/client-node';
import { figuresOf, jobFigures, requirementsOf } from './figures.ts';
import { httpPort, metadataOf, sitePods, workloadName } from './manifests.ts';
import type { SiteSettings } from './settings.ts';
import type { Site } from './site-record.ts';

/** The time that a pod has to end; see `stop` for shorter ones. */
export const graceSeconds = 30;

/** The users of the images: what they make on the volume belongs to their group. */
const webUser = 33;
const databaseUser = 999;

const security = (user: number): V1SecurityContext => ({
  runAsUser: user,
  runAsGroup: user,
  runAsNonRoot: true,
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
});

const podSecurity = (group: number): V1PodSpec['securityContext'] => ({
  runAsNonRoot: true,
  fsGroup: group,
  // A large volume is not walked through at every start.
  fsGroupChangePolicy: 'OnRootMismatch',
  seccompProfile: { type: 'RuntimeDefault' },
});

const fromSecret = (name: string, key: string) => ({
  name,
  valueFrom: { secretKeyRef: { name: workloadName, key } },
});

const siteFiles = { name: 'data', mountPath: '/var/www/html', subPath: 'site' };

const databaseOf = (site: Site, settings: SiteSettings): V1Container => ({
  name: 'database',
  image: settings.databaseImage,
  restartPolicy: 'Always',
  // Nobody but the pod itself is to reach it.
  args: ['--bind-address=127.0.0.1'],
  env: [
    { name: 'MARIADB_DATABASE', value: 'wordpress' },
    { name: 'MARIADB_USER', value: 'wordpress' },
    { name: 'MARIADB_RANDOM_ROOT_PASSWORD', value: '1' },
    { name: 'MARIADB_AUTO_UPGRADE', value: '1' },
    fromSecret('MARIADB_PASSWORD', 'database-password'),
  ],
  resources: requirementsOf(figuresOf(site.record, settings).database),
  securityContext: security(databaseUser),
  startupProbe: {
    exec: { command: ['healthcheck.sh', '--connect', '--innodb_initialized'] },
    periodSeconds: 2,
    timeoutSeconds: 5,
    failureThreshold: 120,
  },
  volumeMounts: [
    { name: 'data', mountPath: '/var/lib/mysql', subPath: 'database' },
    { name: 'run', mountPath: '/run/mysqld' },
    { name: 'temporary', mountPath: '/tmp' },
  ],
});

const wordpressEnv = (site: Site) => [
  { name: 'WORDPRESS_DB_HOST', value: '127.0.0.1' },
  { name: 'WORDPRESS_DB_NAME', value: 'wordpress' },
  { name: 'WORDPRESS_DB_USER', value: 'wordpress' },
  fromSecret('WORDPRESS_DB_PASSWORD', 'database-password'),
  { name: 'SITE_HOSTNAME', value: site.record.hostname },
  { name: 'SITE_EMAIL', value: site.record.email },
];

// What a customer chose reaches these by the environment and never as text of the script.
const install = `
set -eu
wp core is-installed && exit 0
exec wp core install --skip-email --url="https://$SITE_HOSTNAME" --title="$SITE_HOSTNAME" \\
  --admin_user=admin --admin_email="$SITE_EMAIL" --prompt=admin_password <"$ADMIN_PASSWORD_FILE"
`.trim();

const podOf = (site: Site, settings: SiteSettings): V1PodSpec => {
  const { web } = figuresOf(site.record, settings);
  const common = { resources: requirementsOf(web), securityContext: security(webUser) };
  return {
    serviceAccountName: workloadName,
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    terminationGracePeriodSeconds: graceSeconds,
    securityContext: {
      ...podSecurity(webUser),
      // Apache listens on 80 without being root.
      sysctls: [{ name: 'net.ipv4.ip_unprivileged_port_start', value: '0' }],
    },
    initContainers: [
      databaseOf(site, settings),
      {
        // The image's own entrypoint copies WordPress into an empty volume before it starts what it is told to.
        name: 'files',
        image: settings.wordpressImage,
        args: ['apache2', '-v'],
        env: wordpressEnv(site),
        volumeMounts: [siteFiles],
        ...common,
      },
      {
        name: 'install',
        image: settings.cliImage,
        command: ['sh', '-c', install],
        workingDir: siteFiles.mountPath,
        env: [
          ...wordpressEnv(site),
          { name: 'ADMIN_PASSWORD_FILE', value: '/run/secrets/site/admin-password' },
          { name: 'WP_CLI_CACHE_DIR', value: '/tmp' },
        ],
        volumeMounts: [
          siteFiles,
          { name: 'temporary', mountPath: '/tmp' },
          { name: 'login', mountPath: '/run/secrets/site', readOnly: true },
        ],
        ...common,
      },
    ],
    containers: [
      {
        name: 'wordpress',
        image: settings.wordpressImage,
        env: wordpressEnv(site),
        ports: [{ name: 'http', containerPort: httpPort, protocol: 'TCP' }],
        readinessProbe: {
          httpGet: {
            path: '/wp-login.php',
            port: 'http',
            httpHeaders: [
              { name: 'Host', value: site.record.hostname },
              { name: 'X-Forwarded-Proto', value: 'https' },
            ],
          },
          periodSeconds: 5,
          timeoutSeconds: 5,
        },
        livenessProbe: { tcpSocket: { port: 'http' }, periodSeconds: 20, timeoutSeconds: 5, failureThreshold: 6 },
        volumeMounts: [siteFiles],
        ...common,
      },
    ],
    volumes: [
      { name: 'data', persistentVolumeClaim: { claimName: site.record.claim } },
      { name: 'run', emptyDir: { sizeLimit: '16Mi' } },
      { name: 'temporary', emptyDir: { sizeLimit: '1Gi' } },
      {
        name: 'login',
        secret: { secretName: workloadName, items: [{ key: 'admin-password', path: 'admin-password' }] },
      },
    ],
  };
};

export const deploymentOf = (
  site: Site,
  settings: SiteSettings,
  { paused = false }: { paused?: boolean } = {},
): V1Deployment => ({
  apiVersion: 'apps/v1',
  kind: 'Deployment',
  metadata: metadataOf(site, settings, workloadName),
  spec: {
    // Always said: another apply must not bring a suspended site back.
    replicas: site.record.running && !paused ? 1 : 0,
    // Two pods on one volume would be two databases on the same files.
    strategy: { type: 'Recreate' },
    revisionHistoryLimit: 1,
    selector: { matchLabels: sitePods },
    template: {
      metadata: {
        labels: { ...metadataOf(site, settings, workloadName).labels, ...sitePods },
        ...(site.record.restartedAt === undefined
          ? {}
          : { annotations: { 'provisor.dev/restarted-at': site.record.restartedAt } }),
      },
      spec: podOf(site, settings),
    },
  },
});

/** What a job finds where: claims of the site by the path that they are mounted at. */
interface Mounted {
  claim: string;
  path: string;
  readOnly?: boolean;
}

/**
 * A pod that runs `script` once for each of the site's two folders, named by $PART,
 * as the user whose files they are: a copy keeps its owner without root. It
 * reaches nothing over the network.
 */
export const jobOf = (
  site: Site,
  settings: SiteSettings,
  { name, script, claims }: { name: string; script: string; claims: Mounted[] },
): V1Job => {
  const container = (part: string, user: number): V1Container => ({
    name: part,
    image: settings.copyImage,
    command: ['sh', '-euc', script],
    env: [{ name: 'PART', value: part }],
    resources: requirementsOf({ ...jobFigures, cpuRequest: jobFigures.cpu }),
    securityContext: security(user),
    volumeMounts: claims.map(({ path, readOnly }, index) => ({
      name: `claim-${index}`,
      mountPath: path,
      ...(readOnly ? { readOnly } : {}),
    })),
  });
  const metadata = metadataOf(site, settings, name);
  return {
    apiVersion: 'batch/v1',
    kind: 'Job',
    metadata,
    spec: {
      backoffLimit: 0,
      activeDeadlineSeconds: 3600,
      template: {
        metadata: { labels: { ...metadata.labels, 'provisor.dev/role': 'copy' } },
        spec: {
          restartPolicy: 'Never',
          serviceAccountName: workloadName,
          automountServiceAccountToken: false,
          enableServiceLinks: false,
          securityContext: podSecurity(webUser),
          initContainers: [container('site', webUser)],
          containers: [container('database', databaseUser)],
          volumes: claims.map(({ claim }, index) => ({
            name: `claim-${index}`,
            persistentVolumeClaim: { claimName: claim },
          })),
        },
      },
    },
  };
};
