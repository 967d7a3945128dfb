/** Why a site is not ready: what its pods and its Deployment say, for the customer and for the operator. Pure. */
import type { V1ContainerStatus, V1Deployment, V1Pod } from '@kubernetes/client-node';

export interface Reason {
  /** For the customer: what is being waited for. */
  say: string;
  /** For the operator. */
  detail: string;
  /** For the customer, once there is no more waiting. */
  failed: string;
}

const room = 'There was no room for the site. The operator has been given the details.';
const software = 'The software of the site could not be fetched. The operator has been given the details.';
const tooLong = 'The site did not start in time. The operator has been given the details.';

const firstLine = (text: string | undefined): string => (text ?? '').split('\n')[0]?.slice(0, 300) ?? '';

const refusedPod = (deployment: V1Deployment): Reason | undefined => {
  const refused = deployment.status?.conditions?.find(
    ({ type, status }) => type === 'ReplicaFailure' && status === 'True',
  );
  if (!refused) return undefined;
  const detail = `The cluster refuses the pod: ${firstLine(refused.message)}`;
  return /exceeded quota/.test(refused.message ?? '')
    ? {
        say: 'Waiting for room in the plan of the site',
        detail,
        failed: 'The plan of the site leaves no room for it. The operator has been given the details.',
      }
    : { say: 'Waiting for the cluster to accept the site', detail, failed: tooLong };
};

const cannotPull = new Set(['ErrImagePull', 'ImagePullBackOff', 'InvalidImageName', 'ErrImageNeverPull']);

const waitingContainer = ({ name, image, state, lastState }: V1ContainerStatus): Reason | undefined => {
  const { reason = '', message } = state?.waiting ?? {};
  if (cannotPull.has(reason))
    return {
      say: 'Waiting for the software of the site',
      detail: `${name}: ${reason}: ${image}: ${firstLine(message)}`,
      failed: software,
    };
  if (reason === 'CrashLoopBackOff')
    return {
      say: 'The site does not start and is tried again',
      detail: `${name}: ends with ${lastState?.terminated?.exitCode ?? '?'}: ${firstLine(lastState?.terminated?.message ?? message)}`,
      failed: 'The site does not start. The operator has been given the details.',
    };
  return undefined;
};

const settingUp = (pod: V1Pod): Reason => {
  const init = pod.status?.initContainerStatuses ?? [];
  const under = (say: string, detail: string): Reason => ({ say, detail, failed: tooLong });
  const database = init.find(({ name }) => name === 'database');
  if (!database?.state?.running) return under('Fetching the software of the site', 'The images are being pulled');
  if (database.started !== true) return under('Waiting for the database', 'The database has not started yet');
  const open = init.find(({ name, state }) => name !== 'database' && !state?.terminated);
  if (open) return under('Installing WordPress', `The init container ${open.name} has not ended yet`);
  return under('Waiting for the site to answer', 'The readiness probe has not succeeded yet');
};

export const reasonOf = (deployment: V1Deployment, pods: V1Pod[]): Reason => {
  const refused = refusedPod(deployment);
  if (refused) return refused;
  const pod = pods.find(({ metadata }) => metadata?.deletionTimestamp === undefined);
  if (!pod)
    return pods.length > 0
      ? { say: 'Waiting for the site to end first', detail: 'The old pod is still terminating', failed: tooLong }
      : { say: 'Making room for the site', detail: 'There is no pod yet', failed: tooLong };
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'True') {
    const detail = `Not scheduled: ${firstLine(scheduled?.message) || 'nothing was said of it'}`;
    return /persistentvolumeclaim|storageclass/i.test(scheduled?.message ?? '')
      ? { say: 'Waiting for the volume of the site', detail, failed: room }
      : { say: 'Waiting for room on the cluster', detail, failed: room };
  }
  const statuses = [...(pod.status?.initContainerStatuses ?? []), ...(pod.status?.containerStatuses ?? [])];
  for (const status of statuses) {
    const waiting = waitingContainer(status);
    if (waiting) return waiting;
  }
  const { say, ...rest } = settingUp(pod);
  // A pod is only placed once its volume is bound.
  return { say: say === 'Fetching the software of the site' ? `The volume is bound. ${say}` : say, ...rest };
};

export const isReady = ({ metadata, spec, status }: V1Deployment): boolean =>
  spec?.replicas === 1 &&
  (status?.observedGeneration ?? 0) >= (metadata?.generation ?? 0) &&
  status?.updatedReplicas === 1 &&
  status.availableReplicas === 1 &&
  status.replicas === 1;
