/**
 * What kwok plays beside its own stages: images that cannot be pulled, programs
 * that fail, a disk that is snapshotted. What is to happen is in the image's name,
 * so that a test says it with an ordinary setting.
 */
import { readFile } from 'node:fs/promises';
import { dump, loadAll } from 'js-yaml';

/** Nothing can be pulled from here. */
export const missingImage = 'missing.invalid/image:1';
/** What runs in here fails at once. */
export const failingImage = 'failing.invalid/image:1';
/** The name of a snapshot that never becomes ready, and says why. */
export const failingSnapshot = 'fails';

/** The name of a snapshot that only fits into a volume larger than the one it is of, as storage rounds up. */
export const largeSnapshot = 'large';

interface Stage {
  metadata: { name: string };
  spec: { selector: { matchExpressions: object[] } };
}

const imageIs = (prefix: string) =>
  `(self.spec.containers + (has(self.spec.initContainers) ? self.spec.initContainers : [])).exists(c, c.image.startsWith('${prefix}'))`;
const cel = (expression: string) => ({ cel: { expression } });
const missing = imageIs('missing.invalid/');
const failing = imageIs('failing.invalid/');

const stage = (name: string, resource: { apiGroup: string; kind: string }, when: string[], statusTemplate: string) => ({
  apiVersion: 'kwok.x-k8s.io/v1alpha1',
  kind: 'Stage',
  metadata: { name },
  spec: {
    resourceRef: resource,
    selector: { matchExpressions: [cel('!has(self.metadata.deletionTimestamp)'), ...when.map(cel)] },
    next: { statusTemplate },
  },
});

const ours = [
  stage(
    'pod-image-missing',
    { apiGroup: 'v1', kind: 'Pod' },
    [missing, 'has(self.spec.nodeName)', '!has(self.status.containerStatuses)'],
    `
phase: Pending
containerStatuses:
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  state:
    waiting:
      reason: ImagePullBackOff
      message: 'Back-off pulling image "{{ .image }}": not found'
{{ end }}
`,
  ),
  stage(
    'pod-fails',
    { apiGroup: 'v1', kind: 'Pod' },
    [failing, "self.status.phase == 'Running'"],
    `
phase: Failed
containerStatuses:
{{ $now := Now }}
{{ range .spec.containers }}
- image: {{ .image | Quote }}
  name: {{ .name | Quote }}
  ready: false
  restartCount: 0
  state:
    terminated:
      exitCode: 1
      reason: Error
      message: 'No space left on device'
      startedAt: {{ $now | Quote }}
      finishedAt: {{ $now | Quote }}
{{ end }}
`,
  ),
  stage(
    'snapshot-ready',
    { apiGroup: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' },
    [`self.metadata.name != '${failingSnapshot}'`, '!has(self.status)'],
    `
readyToUse: true
creationTime: {{ Now | Quote }}
restoreSize: {{ if eq .metadata.name "${largeSnapshot}" }}100Gi{{ else }}1Gi{{ end }}
`,
  ),
  stage(
    'snapshot-fails',
    { apiGroup: 'snapshot.storage.k8s.io/v1', kind: 'VolumeSnapshot' },
    [`self.metadata.name == '${failingSnapshot}'`, '!has(self.status)'],
    `
readyToUse: false
error:
  message: 'the storage has no room for a snapshot'
  time: {{ Now | Quote }}
`,
  ),
];

/** One file for kwok: its own stages, which leave alone what ours play, and ours. */
export const joinStages = async (shipped: string[]): Promise<string> => {
  const own = (await Promise.all(shipped.map((file) => readFile(file, 'utf8')))).flatMap(
    (text) => loadAll(text) as Stage[],
  );
  for (const { metadata, spec } of own) {
    if (metadata.name === 'pod-ready') spec.selector.matchExpressions.push(cel(`!${missing}`));
    if (metadata.name === 'pod-complete') spec.selector.matchExpressions.push(cel(`!${failing}`));
  }
  return [...own, ...ours].map((each) => dump(each)).join('---\n');
};
