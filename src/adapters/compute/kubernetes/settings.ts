/** What the operator decides about sites on a cluster; see provider-config.ts for what each means. */
export interface SiteSettings {
  /** The value of `app.kubernetes.io/managed-by` on all that is ours. */
  managedBy: string;
  /** @default the cluster's own default */
  storageClass?: string | undefined;
  backups: 'auto' | 'csi' | 'job';
  /** @default the one whose driver is the storage class's provisioner */
  snapshotClass?: string | undefined;
  /** Copies that a site has room for in its quota, the one to reset to and the safety copy included. */
  copies: number;
  /** Where the ingress controller runs: nobody else may call sites. */
  ingressNamespace: string;
  clusterDomain: string;
  wordpressImage: string;
  databaseImage: string;
  cliImage: string;
  copyImage: string;
  /** Thousandths of a core for each GiB of memory of the plan. */
  cpuPerGib: number;
  /** How long a site may take to become ready, in milliseconds. */
  startMs: number;
  /** The ClusterRole that we are given in each site's namespace. */
  tenantRole: string;
}
