import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { V1ContainerStatus, V1Deployment, V1Pod } from '@kubernetes/client-node';
import { isReady, reasonOf } from './reasons.ts';

const container = (name: string, more: Partial<V1ContainerStatus>): V1ContainerStatus => ({
  name,
  image: `${name}:1`,
  imageID: '',
  ready: false,
  restartCount: 0,
  ...more,
});
const running = { state: { running: {} } };
const over = { state: { terminated: { exitCode: 0 } } };
const podWith = (status: V1Pod['status']): V1Pod => ({
  status: { conditions: [{ type: 'PodScheduled', status: 'True' }], ...status },
});
const saying = (pod: V1Pod) => reasonOf({}, [pod]).say;

describe('why a site is not ready', () => {
  it('follows the site from its volume to its first answer', () => {
    const unbound = 'pod has unbound immediate PersistentVolumeClaims';
    const waiting = (message: string) => podWith({ conditions: [{ type: 'PodScheduled', status: 'False', message }] });
    assert.equal(reasonOf({}, []).say, 'Making room for the site');
    assert.equal(saying(waiting(unbound)), 'Waiting for the volume of the site');
    assert.equal(saying(waiting('Insufficient memory')), 'Waiting for room on the cluster');
    assert.equal(saying(podWith({})), 'The volume is bound. Fetching the software of the site');
    const database = container('database', running);
    assert.equal(saying(podWith({ initContainerStatuses: [database] })), 'Waiting for the database');
    const started = { ...database, started: true };
    const [files, install] = [container('files', over), container('install', running)];
    assert.equal(saying(podWith({ initContainerStatuses: [started, files, install] })), 'Installing WordPress');
    const installed = [started, files, container('install', over)];
    assert.equal(saying(podWith({ initContainerStatuses: installed })), 'Waiting for the site to answer');
  });

  it('has the first line of what went wrong for the operator', () => {
    const crashing = container('database', {
      state: { waiting: { reason: 'CrashLoopBackOff' } },
      lastState: { terminated: { exitCode: 1, message: 'no space\nsecond line' } },
    });
    const crashed = reasonOf({}, [podWith({ initContainerStatuses: [crashing] })]);
    assert.equal(crashed.detail, 'database: ends with 1: no space');
    const refused: V1Deployment = {
      status: {
        conditions: [{ type: 'ReplicaFailure', status: 'True', message: 'pods is forbidden: exceeded quota: plan' }],
      },
    };
    assert.match(reasonOf(refused, []).failed, /leaves no room/);
  });

  it('takes no Deployment for ready that has not seen its newest wish', () => {
    const status = { observedGeneration: 2, replicas: 1, updatedReplicas: 1, availableReplicas: 1 };
    const deployment = (generation: number, replicas: number): V1Deployment => ({
      metadata: { generation },
      spec: { replicas, selector: {}, template: {} },
      status,
    });
    assert.equal(isReady(deployment(2, 1)), true);
    assert.equal(isReady(deployment(3, 1)), false);
    assert.equal(isReady(deployment(2, 0)), false);
  });
});
