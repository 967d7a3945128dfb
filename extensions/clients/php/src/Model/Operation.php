<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** What is being done with a service, how far it is, and what became of it. */
final class Operation
{
    public function __construct(
        public readonly string $id,
        public readonly string $kind,
        public readonly string $serviceId,
        public readonly string $state,
        public readonly int $percent,
        public readonly string $message,
        public readonly bool $retryable,
        public readonly ?string $errorCode,
        public readonly ?string $errorMessage,
        public readonly ?string $finishedAt,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $error = $fields->objectOrNull('error');
        return new self(
            $fields->string('id'),
            $fields->string('kind'),
            $fields->string('service_id'),
            $fields->string('state'),
            max(0, min(100, $fields->int('percent'))),
            $fields->string('message'),
            $fields->bool('retryable'),
            $error?->string('code'),
            $error?->string('message'),
            $fields->stringOrNull('finished_at'),
        );
    }

    /** Whether it still goes on by itself. */
    public function isUnderWay(): bool
    {
        return in_array($this->state, ['pending', 'queued', 'running', 'undoing'], true);
    }

    /** Whether it ended badly, or an operator has to look. */
    public function hasFailed(): bool
    {
        return in_array($this->state, ['failed', 'stuck'], true);
    }
}
