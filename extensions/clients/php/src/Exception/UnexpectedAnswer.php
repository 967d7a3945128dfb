<?php

declare(strict_types=1);

namespace Provisor\Client\Exception;

/** Something answered, and not as Provisor does: another server at the address, or a proxy's error page in between. */
final class UnexpectedAnswer extends ProvisorException
{
    /** @param string $reason what was wrong with it, for the operator's log */
    public function __construct(public readonly int $status, public readonly string $reason)
    {
        $sentence = 'The hosting service gave an answer that makes no sense. Please try again later.';
        // A gateway's own 5xx passes; a page where JSON should be does not.
        parent::__construct($sentence, $status >= 500);
    }

    public function code(): string
    {
        return 'unexpected_answer';
    }
}
