<?php

declare(strict_types=1);

namespace App\Auth;

use App\Models\User;
use Provisor\Tests\Harness\Panel;

/** Stand-in for the panel's `Auth`: who is signed in. */
class Visitor
{
    public function user(): ?User
    {
        return Panel::$visitor;
    }

    public function id(): ?int
    {
        return Panel::$visitor?->id;
    }

    public function check(): bool
    {
        return Panel::$visitor !== null;
    }
}
