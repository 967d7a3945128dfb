/** What a cluster has that an API server alone has not: a node, volumes, and the API of snapshots and of figures. */
import type { KubernetesObject } from '@kubernetes/client-node';

export const storageClass = 'kwok-volume';
export const provisioner = 'kwok.x-k8s.io/volume';
export const snapshotApi = 'snapshot.storage.k8s.io/v1';

type Loose = KubernetesObject & Record<string, unknown>;

// By the name that the client's serializer knows; under its own it would be dropped without a word.
const open = { type: 'object', x_kubernetes_preserve_unknown_fields: true };

/** Only as much shape as an apply needs: the servers behind these are not there to mind. */
export const definition = (
  group: string,
  version: string,
  names: { kind: string; plural: string; cluster?: boolean },
  properties: Record<string, unknown>,
): Loose => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: {
    name: `${names.plural}.${group}`,
    annotations: { 'api-approved.kubernetes.io': 'unapproved, for tests only' },
  },
  spec: {
    group,
    scope: names.cluster ? 'Cluster' : 'Namespaced',
    names: {
      kind: names.kind,
      plural: names.plural,
      listKind: `${names.kind}List`,
      singular: names.kind.toLowerCase(),
    },
    versions: [
      {
        name: version,
        served: true,
        storage: true,
        subresources: names.cluster ? {} : { status: {} },
        schema: { openAPIV3Schema: { type: 'object', properties } },
      },
    ],
  },
});

export const definitions: Loose[] = [
  definition(
    'snapshot.storage.k8s.io',
    'v1',
    { kind: 'VolumeSnapshot', plural: 'volumesnapshots' },
    { spec: open, status: open },
  ),
  definition(
    'snapshot.storage.k8s.io',
    'v1',
    { kind: 'VolumeSnapshotClass', plural: 'volumesnapshotclasses', cluster: true },
    { driver: { type: 'string' }, deletionPolicy: { type: 'string' } },
  ),
  definition(
    'metrics.k8s.io',
    'v1beta1',
    { kind: 'PodMetrics', plural: 'pods' },
    {
      containers: {
        type: 'array',
        items: {
          type: 'object',
          properties: {
            name: { type: 'string' },
            usage: { type: 'object', additionalProperties: { type: 'string' } },
          },
        },
      },
    },
  ),
];

export const furniture: Loose[] = [
  {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'StorageClass',
    metadata: { name: storageClass, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } },
    provisioner,
    reclaimPolicy: 'Delete',
    volumeBindingMode: 'Immediate',
    allowVolumeExpansion: true,
  },
  {
    apiVersion: snapshotApi,
    kind: 'VolumeSnapshotClass',
    metadata: { name: 'kwok' },
    driver: provisioner,
    deletionPolicy: 'Delete',
  },
  {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name: 'node-1',
      annotations: { 'kwok.x-k8s.io/node': 'fake' },
      labels: { 'kubernetes.io/hostname': 'node-1', 'kubernetes.io/os': 'linux' },
    },
    spec: {},
    status: {
      allocatable: { cpu: '2000', memory: '8Ti', pods: '5000', 'ephemeral-storage': '80Ti' },
      capacity: { cpu: '2000', memory: '8Ti', pods: '5000', 'ephemeral-storage': '80Ti' },
    },
  },
];
