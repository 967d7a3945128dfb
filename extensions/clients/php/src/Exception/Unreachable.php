<?php

declare(strict_types=1);

namespace Provisor\Client\Exception;

use Throwable;

/** No answer came: nobody listens, the connection broke, or it took too long. */
final class Unreachable extends ProvisorException
{
    /**
     * @param string $reason for the operator's log; it may name hosts and ports, so customers do not get to read it
     * @param bool $mayHaveArrived whether the call may have been carried out all the same
     */
    public function __construct(
        public readonly string $reason,
        public readonly bool $mayHaveArrived,
        ?Throwable $previous = null,
    ) {
        $sentence = 'The hosting service cannot be reached right now. Please try again in a moment.';
        parent::__construct($sentence, true, $previous);
    }

    public function code(): string
    {
        return 'unreachable';
    }
}
