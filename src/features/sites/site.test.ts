import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { siteIn } from '../../../test/support/site.ts';
import { AppError } from '../../kit/errors.ts';
import {
  isAllowed,
  isSettled,
  leadsTo,
  requireAllowed,
  type SiteCall,
  type SiteState,
  siteCalls,
  siteStates,
} from './site.ts';

// Every pair, written out by hand: + allowed, = allowed and nothing to do, else the code of the refusal.
const wished: Record<SiteState, Record<SiteCall, string>> = {
  creating: {
    create: 'service_exists',
    suspend: 'operation_in_progress',
    unsuspend: 'operation_in_progress',
    upgrade: 'operation_in_progress',
    start: 'operation_in_progress',
    stop: 'operation_in_progress',
    restart: 'operation_in_progress',
    reset: 'operation_in_progress',
    login: 'operation_in_progress',
    proxy: 'operation_in_progress',
    backup: 'operation_in_progress',
    rollback: 'operation_in_progress',
    domain: 'operation_in_progress',
    delete: '+',
  },
  active: {
    create: 'service_exists',
    suspend: '+',
    unsuspend: '=',
    upgrade: '+',
    start: '+',
    stop: '+',
    restart: '+',
    reset: '+',
    login: '+',
    proxy: '+',
    backup: '+',
    rollback: '+',
    domain: '+',
    delete: '+',
  },
  stopped: {
    create: 'service_exists',
    suspend: '+',
    unsuspend: '=',
    upgrade: '+',
    start: '+',
    stop: '+',
    restart: '+',
    reset: '+',
    login: 'not_allowed_now',
    proxy: '+',
    backup: '+',
    rollback: '+',
    domain: '+',
    delete: '+',
  },
  suspended: {
    create: 'service_exists',
    suspend: '=',
    unsuspend: '+',
    upgrade: 'service_suspended',
    start: 'service_suspended',
    stop: 'service_suspended',
    restart: 'service_suspended',
    reset: 'service_suspended',
    login: 'service_suspended',
    proxy: 'service_suspended',
    backup: 'service_suspended',
    rollback: 'service_suspended',
    domain: 'service_suspended',
    delete: '+',
  },
  failed: {
    create: '+',
    suspend: 'service_failed',
    unsuspend: 'service_failed',
    upgrade: 'service_failed',
    start: 'service_failed',
    stop: 'service_failed',
    restart: 'service_failed',
    reset: 'service_failed',
    login: 'service_failed',
    proxy: 'service_failed',
    backup: 'service_failed',
    rollback: 'service_failed',
    domain: 'service_failed',
    delete: '+',
  },
  deleting: {
    create: 'service_deleted',
    suspend: 'service_deleted',
    unsuspend: 'service_deleted',
    upgrade: 'service_deleted',
    start: 'service_deleted',
    stop: 'service_deleted',
    restart: 'service_deleted',
    reset: 'service_deleted',
    login: 'service_deleted',
    proxy: 'service_deleted',
    backup: 'service_deleted',
    rollback: 'service_deleted',
    domain: 'service_deleted',
    delete: '+',
  },
  deleted: {
    create: 'service_deleted',
    suspend: 'service_deleted',
    unsuspend: 'service_deleted',
    upgrade: 'service_deleted',
    start: 'service_deleted',
    stop: 'service_deleted',
    restart: 'service_deleted',
    reset: 'service_deleted',
    login: 'service_deleted',
    proxy: 'service_deleted',
    backup: 'service_deleted',
    rollback: 'service_deleted',
    domain: 'service_deleted',
    delete: '=',
  },
};

const found = (state: SiteState, call: SiteCall): string => {
  try {
    requireAllowed(siteIn(state), call);
    return isSettled(state, call) ? '=' : '+';
  } catch (error) {
    assert.ok(error instanceof AppError);
    assert.match(error.message, /^Service 42 /);
    return error.code;
  }
};

describe('the state table of a site', () => {
  for (const state of siteStates) {
    for (const call of siteCalls) {
      it(`${state}: ${call} is ${wished[state][call]}`, () => assert.equal(found(state, call), wished[state][call]));
    }
  }

  it('leads from every allowed pair to a state that exists', () => {
    for (const state of siteStates) {
      for (const to of Object.values(leadsTo[state])) assert.ok((siteStates as readonly string[]).includes(to));
    }
  });

  it('never lets a suspended site run without an unsuspension', () => {
    const leads: Record<string, string> = leadsTo.suspended;
    for (const call of siteCalls)
      if (isAllowed('suspended', call) && leads[call] === 'active') assert.equal(call, 'unsuspend');
  });
});
