<?php

declare(strict_types=1);

namespace Provisor\Client\Exception;

/** Provisor understood the call and refused it, or failed at it. */
final class ApiError extends ProvisorException
{
    /**
     * @param string $apiCode one of the contract's ErrorCode
     * @param ?string $requestId what the operator finds in the log
     * @param ?int $retryAfter seconds
     * @param ?string $operationId the operation that is in the way, or that failed
     * @param list<string> $violations where the request does not fit the contract
     */
    public function __construct(
        string $sentence,
        public readonly int $status,
        private readonly string $apiCode,
        bool $retryable,
        public readonly ?string $requestId = null,
        public readonly ?int $retryAfter = null,
        public readonly ?string $operationId = null,
        public readonly array $violations = [],
    ) {
        parent::__construct($sentence, $retryable);
    }

    public function code(): string
    {
        return $this->apiCode;
    }
}
