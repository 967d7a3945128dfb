/** What sites and routes in a Kubernetes cluster are told. */
import { z } from 'zod';
import { dnsLabel, dnsName, imageReference, wholeNumber } from './kinds.ts';

/** The way to a cluster, the same for all that is in it. */
const cluster = z.object({
  PROVISOR_KUBERNETES_CONFIG: z
    .string()
    .describe('Path of a kubeconfig, or `in-cluster` for the service account that Provisor runs as'),
  PROVISOR_KUBERNETES_CONTEXT: z
    .string()
    .optional()
    .describe('Context of the kubeconfig; its current one when not set'),
  PROVISOR_KUBERNETES_MANAGED_BY: dnsLabel
    .default('provisor')
    .describe('Label that tells our objects from others; each installation on one cluster needs its own'),
  PROVISOR_KUBERNETES_CLUSTER_DOMAIN: dnsName.default('cluster.local').describe('DNS domain of the cluster'),
});

export const kubernetes = cluster.extend({
  PROVISOR_KUBERNETES_STORAGE_CLASS: dnsName
    .optional()
    .describe("StorageClass of the sites' volumes; the cluster's default when not set"),
  PROVISOR_KUBERNETES_BACKUPS: z
    .enum(['auto', 'csi', 'job'], 'must be one of: auto, csi, job')
    .default('auto')
    .describe('How backups are made: volume snapshots (`csi`), a copying `job`, or snapshots where there are any'),
  PROVISOR_KUBERNETES_SNAPSHOT_CLASS: dnsName
    .optional()
    .describe('VolumeSnapshotClass of backups; one that fits the storage class when not set'),
  PROVISOR_KUBERNETES_COPIES: wholeNumber(2, 1000)
    .default(10)
    .describe('Copies that a site has room for in its quota, with the one to reset to and the safety copy'),
  PROVISOR_KUBERNETES_INGRESS_NAMESPACE: dnsLabel
    .default('ingress-nginx')
    .describe('Namespace of the ingress controller, the only one that may call sites'),
  PROVISOR_KUBERNETES_WORDPRESS_IMAGE: imageReference
    .default('wordpress:6.8-php8.3-apache')
    .describe('Image of WordPress with Apache; pin it with `@sha256:…`'),
  PROVISOR_KUBERNETES_CLI_IMAGE: imageReference
    .default('wordpress:cli-php8.3')
    .describe('Image with WP-CLI, which installs'),
  PROVISOR_KUBERNETES_DATABASE_IMAGE: imageReference.default('mariadb:11.4').describe("Image of the sites' database"),
  PROVISOR_KUBERNETES_COPY_IMAGE: imageReference
    .default('mariadb:11.4')
    .describe('Image of the jobs that copy and check data; it needs a shell and `cp`'),
  PROVISOR_KUBERNETES_CPU_PER_GIB: wholeNumber(10, 64_000)
    .default(500)
    .describe('Thousandths of a core for each GiB of memory of the plan'),
  PROVISOR_KUBERNETES_START_SECONDS: wholeNumber(1, 280)
    .default(240)
    .describe('How long a site may take to become ready before its creation is taken back'),
  PROVISOR_KUBERNETES_TENANT_ROLE: dnsName
    .default('provisor-tenant-admin')
    .describe("ClusterRole that Provisor is given in each site's namespace"),
});

export const ingress = cluster.extend({
  PROVISOR_INGRESS_NAMESPACE: dnsLabel
    .default('provisor-routes')
    .describe(
      'Namespace that routes and host names are noted in, and that holds the routes to places outside the cluster',
    ),
  PROVISOR_INGRESS_CLASS: dnsName.default('nginx').describe('IngressClass of the routes'),
  PROVISOR_INGRESS_ISSUER: dnsName
    .optional()
    .describe('ClusterIssuer of cert-manager for certificates; plain HTTP when not set'),
  PROVISOR_INGRESS_PAGES_HOST: dnsName
    .default('pages.provisor.svc.cluster.local')
    .describe('Service that answers for suspended and stopped sites'),
  PROVISOR_INGRESS_SUSPENDED_PORT: wholeNumber(1, 65_535).default(8081).describe('Its port for suspended sites'),
  PROVISOR_INGRESS_STOPPED_PORT: wholeNumber(1, 65_535).default(8082).describe('Its port for stopped sites'),
});
