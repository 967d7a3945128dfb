<?php

declare(strict_types=1);

namespace Provisor\Client;

/**
 * How long a caller can wait in all, however many requests that takes. One
 * without an end of its own would outlive the job or the page that it works for.
 */
final class Budget
{
    private readonly int $end;

    public function __construct(float $seconds)
    {
        $this->end = hrtime(true) + (int) (max(0.0, $seconds) * 1e9);
    }

    /** Seconds, never less than none. */
    public function left(): float
    {
        return max(0.0, ($this->end - hrtime(true)) / 1e9);
    }

    /** Sleeps, when that much is left; false when it is not. */
    public function pause(float $seconds): bool
    {
        if ($seconds >= $this->left()) {
            return false;
        }
        usleep((int) ($seconds * 1e6));
        return true;
    }
}
