/** What a serving process tells, put together from its configuration. */
import type { Clock } from '../kit/clock.ts';
import type { MetricsPage, Readings } from '../kit/readings.ts';
import { passOn, type Telemetry } from '../kit/telemetry.ts';
import { createMetrics } from './metrics.ts';
import { sendTraceOn } from './outgoing.ts';

export interface TelemetryOptions {
  clock: Clock;
  version: string;
  /** Where traces go; nowhere when not set, and then nothing of OpenTelemetry's SDK is loaded. */
  otlp?: { url: string; headers: Record<string, string>; sample: number } | undefined;
  /** Figures of the process itself. @default true */
  standard?: boolean;
}

/** Telemetry that counts, with the page of what it counted. */
export interface CountingTelemetry extends Telemetry {
  page(readings: Readings): Promise<MetricsPage>;
  /** Sends what is left, and ends. */
  close(): Promise<void>;
}

export const createTelemetry = async (options: TelemetryOptions): Promise<CountingTelemetry> => {
  const { clock, version, otlp, standard = true } = options;
  const metrics = createMetrics({ clock, standard });
  const tracing = otlp ? (await import('./tracing.ts')).createTracing({ ...otlp, version }) : null;
  const stopSending = sendTraceOn();
  return {
    ...metrics.told,
    startSpan: tracing?.startSpan ?? ((_name, { parent }) => passOn(parent)),
    page: metrics.page,
    close: async () => {
      stopSending();
      metrics.close();
      await tracing?.close();
    },
  };
};
