<?php

declare(strict_types=1);

namespace Provisor\Client\Http;

use Provisor\Client\Exception\Unreachable;

/** Carries one request to Provisor. Bring your own to use another HTTP library, or to test without one. */
interface Transport
{
    /**
     * Sends the request once, follows no redirect, and keeps to its time-outs.
     * Every status is an answer, 500 too.
     *
     * @throws Unreachable when no whole answer came
     */
    public function send(Request $request): Response;
}
