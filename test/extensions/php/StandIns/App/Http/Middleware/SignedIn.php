<?php

declare(strict_types=1);

namespace App\Http\Middleware;

use Illuminate\Auth\AuthenticationException;
use Illuminate\Support\Facades\Auth;

/** Stand-in for what the panel's `auth` is. */
class SignedIn
{
    public function handle($request, $next)
    {
        return Auth::check() ? $next($request) : throw new AuthenticationException();
    }
}
