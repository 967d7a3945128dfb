/** A receiver of OTLP over HTTP on loopback: it decodes what arrives and keeps the spans. */
import { startFakeServer } from './fake-server.ts';

interface Attribute {
  key: string;
  value: { stringValue?: string; intValue?: number | string; doubleValue?: number };
}

interface Export {
  resourceSpans: {
    resource: { attributes: Attribute[] };
    scopeSpans: { spans: RawSpan[] }[];
  }[];
}

interface RawSpan {
  traceId: string;
  spanId: string;
  parentSpanId?: string;
  name: string;
  kind: number;
  status?: { code?: number };
  attributes: Attribute[];
}

export interface ReceivedSpan {
  traceId: string;
  spanId: string;
  parentId: string | null;
  name: string;
  failed: boolean;
  attributes: Record<string, unknown>;
  service: unknown;
}

const plainOf = ({ value }: Attribute): unknown => value.stringValue ?? value.intValue ?? value.doubleValue;
const recordOf = (attributes: Attribute[]) => Object.fromEntries(attributes.map((one) => [one.key, plainOf(one)]));

const decode = (body: Export): ReceivedSpan[] =>
  body.resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map((span) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: span.parentSpanId || null,
        name: span.name,
        failed: span.status?.code === 2,
        attributes: recordOf(span.attributes),
        service: recordOf(resource.attributes)['service.name'],
      })),
    ),
  );

export const startOtlpReceiver = async () => {
  const spans: ReceivedSpan[] = [];
  const headers: Record<string, unknown>[] = [];
  const raw: string[] = [];
  const { url, stop } = await startFakeServer((request) => {
    headers.push(request.headers);
    raw.push(JSON.stringify(request.body));
    spans.push(...decode(request.body as Export));
    return { status: 200, body: {} };
  });
  return { url: `${url}/v1/traces`, spans, headers, raw, stop };
};
