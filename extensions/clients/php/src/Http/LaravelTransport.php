<?php

declare(strict_types=1);

namespace Provisor\Client\Http;

use GuzzleHttp\Exception\TransferException;
use Illuminate\Http\Client\ConnectionException;
use Illuminate\Support\Facades\Http;
use Provisor\Client\Exception\Unreachable;

/**
 * Sends by Laravel's Http facade, so that a panel's own middleware, fakes and
 * logging see the calls. Uses only what is the same in Laravel 8 to 12.
 */
final class LaravelTransport implements Transport
{
    public function send(Request $request): Response
    {
        $pending = Http::withHeaders($request->headers)->withOptions([
            'connect_timeout' => $request->connectSeconds,
            'timeout' => $request->totalSeconds,
            'allow_redirects' => false,
            'http_errors' => false,
        ]);
        if ($request->body !== null) {
            $pending = $pending->withBody($request->body, 'application/json');
        }
        try {
            $response = $pending->send($request->method, $request->url);
        } catch (ConnectionException | TransferException $error) {
            // Both are thrown for refused connections and for answers that never came: it may have arrived.
            throw new Unreachable($error->getMessage(), mayHaveArrived: true, previous: $error);
        }
        $headers = array_map(static fn (array $values): string => (string) end($values), $response->headers());
        return new Response($response->status(), $headers, $response->body());
    }
}
