/** OpenTelemetry: spans that are sent by OTLP. Loaded only when there is somewhere to send them. */
import { type Attributes, ROOT_CONTEXT, type SpanContext, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  BasicTracerProvider,
  BatchSpanProcessor,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace-base';
import { readTraceparent, type Telemetry } from '../kit/telemetry.ts';

export interface TracingOptions {
  url: string;
  headers: Record<string, string>;
  /** Share of the traces that begin here, 0 to 1; who is asked within a trace does as its beginning did. */
  sample: number;
  version: string;
}

const kinds = { server: SpanKind.SERVER, internal: SpanKind.INTERNAL, client: SpanKind.CLIENT };

const contextOf = (header: string | null | undefined): SpanContext | null => {
  const [, traceId = '', spanId = '', flags = '00'] = readTraceparent(header)?.split('-') ?? [];
  return traceId === '' ? null : { traceId, spanId, traceFlags: Number.parseInt(flags, 16), isRemote: true };
};

const headerOf = ({ traceId, spanId, traceFlags }: SpanContext): string =>
  `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`;

export const createTracing = ({ url, headers, sample, version }: TracingOptions) => {
  const provider = new BasicTracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'provisor', 'service.version': version }),
    sampler: new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(sample) }),
    spanProcessors: [new BatchSpanProcessor(new OTLPTraceExporter({ url, headers, timeoutMillis: 5_000 }))],
  });
  const tracer = provider.getTracer('provisor', version);

  const startSpan: Telemetry['startSpan'] = (name, { kind, parent, attributes }) => {
    const above = contextOf(parent);
    const span = tracer.startSpan(
      name,
      { kind: kinds[kind], attributes: attributes as Attributes },
      above ? trace.setSpanContext(ROOT_CONTEXT, above) : ROOT_CONTEXT,
    );
    return {
      traceparent: headerOf(span.spanContext()),
      rename: (better) => void span.updateName(better),
      set: (more) => void span.setAttributes(more),
      end: (failure) => {
        if (failure !== undefined) {
          span.setAttribute('error.type', failure);
          span.setStatus({ code: SpanStatusCode.ERROR });
        }
        span.end();
      },
    };
  };

  return {
    startSpan,
    /** Sends what is left. It never fails: what cannot be sent is lost, and that is all. */
    close: () => provider.shutdown().catch(() => undefined),
  };
};
