<?php

declare(strict_types=1);

namespace Provisor\Client\Exception;

use Provisor\Client\Fields;

/** Provisor understood the call and refused it, or failed at it. */
final class ApiError extends ProvisorException
{
    /** The operation that is in the way, or that failed. */
    public readonly ?string $operationId;

    /**
     * @param string $apiCode one of the contract's ErrorCode
     * @param ?string $requestId what the operator finds in the log
     * @param ?int $retryAfter seconds
     * @param ?Fields $details facts beside the sentence; which ones there are depends on the code
     * @param list<string> $violations where the request does not fit the contract
     */
    public function __construct(
        string $sentence,
        public readonly int $status,
        private readonly string $apiCode,
        bool $retryable,
        public readonly ?string $requestId = null,
        public readonly ?int $retryAfter = null,
        public readonly ?Fields $details = null,
        public readonly array $violations = [],
    ) {
        $this->operationId = $details?->stringOrNull('operation_id');
        parent::__construct($sentence, $retryable);
    }

    public function code(): string
    {
        return $this->apiCode;
    }
}
