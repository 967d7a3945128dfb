<?php

declare(strict_types=1);

namespace Provisor\Client\Http;

use CurlHandle;
use Provisor\Client\Exception\Unreachable;

/** Sends by PHP's own curl, and needs nothing else. */
final class CurlTransport implements Transport
{
    public function send(Request $request): Response
    {
        $headers = [];
        $handle = curl_init();
        curl_setopt_array($handle, $this->options($request) + [
            CURLOPT_HEADERFUNCTION => static function (CurlHandle $handle, string $line) use (&$headers): int {
                [$name, $value] = explode(':', $line, 2) + [1 => null];
                if ($value !== null) {
                    $headers[trim($name)] = trim($value);
                }
                return strlen($line);
            },
        ]);
        $body = curl_exec($handle);
        if (!is_string($body)) {
            $refused = in_array(
                curl_errno($handle),
                [CURLE_COULDNT_CONNECT, CURLE_COULDNT_RESOLVE_HOST, CURLE_SSL_CONNECT_ERROR],
                true
            );
            throw new Unreachable(curl_error($handle), mayHaveArrived: !$refused);
        }
        return new Response((int) curl_getinfo($handle, CURLINFO_RESPONSE_CODE), $headers, $body);
    }

    /** @return array<int, mixed> */
    private function options(Request $request): array
    {
        $lines = [];
        foreach ($request->headers as $name => $value) {
            $lines[] = "$name: $value";
        }
        // Else curl asks for leave before a long body, and waits a second for it.
        $lines[] = 'Expect:';
        $body = $request->body === null ? [] : [CURLOPT_POSTFIELDS => $request->body];
        return $body + [
            CURLOPT_URL => $request->url,
            CURLOPT_CUSTOMREQUEST => $request->method,
            CURLOPT_HTTPHEADER => $lines,
            CURLOPT_RETURNTRANSFER => true,
            CURLOPT_FOLLOWLOCATION => false,
            CURLOPT_PROTOCOLS => CURLPROTO_HTTP | CURLPROTO_HTTPS,
            CURLOPT_CONNECTTIMEOUT_MS => self::milliseconds($request->connectSeconds),
            CURLOPT_TIMEOUT_MS => self::milliseconds($request->totalSeconds),
            CURLOPT_NOSIGNAL => true,
        ];
    }

    private static function milliseconds(float $seconds): int
    {
        return max(1, (int) ($seconds * 1000));
    }
}
