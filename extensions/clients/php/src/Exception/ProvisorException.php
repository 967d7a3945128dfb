<?php

declare(strict_types=1);

namespace Provisor\Client\Exception;

use RuntimeException;
use Throwable;

/** Everything that this client throws at run time. The message is a sentence that a customer may read. */
abstract class ProvisorException extends RuntimeException
{
    /** @param bool $retryable whether the same call may succeed later without a change */
    public function __construct(string $sentence, public readonly bool $retryable, ?Throwable $previous = null)
    {
        parent::__construct($sentence, 0, $previous);
    }

    /** A word for programs: the API's own `code`, or one of this client's. */
    abstract public function code(): string;
}
