<?php

declare(strict_types=1);

namespace Provisor\Client;

use Provisor\Client\Exception\UnexpectedAnswer;

/**
 * The fields of an answer, read by their type. What is not as the contract says
 * is an UnexpectedAnswer that names the field, not a warning somewhere later.
 */
final class Fields
{
    /** @param array<array-key, mixed> $values */
    private function __construct(
        private readonly array $values,
        private readonly int $status,
        private readonly string $place,
    ) {
    }

    /** @throws UnexpectedAnswer when it is no JSON object */
    public static function fromJson(string $json, int $status): self
    {
        $values = json_decode($json, true, 32);
        if (!is_array($values) || array_is_list($values)) {
            throw new UnexpectedAnswer($status, 'The answer is no JSON object.');
        }
        return new self($values, $status, '');
    }

    public function has(string $name): bool
    {
        return isset($this->values[$name]);
    }

    public function string(string $name): string
    {
        return $this->stringOrNull($name) ?? throw $this->wrong($name, 'text');
    }

    public function stringOrNull(string $name): ?string
    {
        $value = $this->values[$name] ?? null;
        return $value === null || is_string($value) ? $value : throw $this->wrong($name, 'text');
    }

    public function int(string $name): int
    {
        return $this->intOrNull($name) ?? throw $this->wrong($name, 'a whole number');
    }

    public function intOrNull(string $name): ?int
    {
        $value = $this->values[$name] ?? null;
        return $value === null || is_int($value) ? $value : throw $this->wrong($name, 'a whole number');
    }

    public function floatOrNull(string $name): ?float
    {
        $value = $this->values[$name] ?? null;
        return match (true) {
            $value === null => null,
            is_int($value), is_float($value) => (float) $value,
            default => throw $this->wrong($name, 'a number'),
        };
    }

    public function bool(string $name): bool
    {
        $value = $this->values[$name] ?? null;
        return is_bool($value) ? $value : throw $this->wrong($name, 'true or false');
    }

    public function object(string $name): self
    {
        return $this->objectOrNull($name) ?? throw $this->wrong($name, 'an object');
    }

    public function objectOrNull(string $name): ?self
    {
        $value = $this->values[$name] ?? null;
        if ($value !== null && !is_array($value)) {
            throw $this->wrong($name, 'an object');
        }
        return $value === null ? null : new self($value, $this->status, "$this->place$name.");
    }

    /** @return list<self> */
    public function objects(string $name): array
    {
        return array_map(
            fn (mixed $value): self => is_array($value)
                ? new self($value, $this->status, "$this->place$name.")
                : throw $this->wrong($name, 'a list of objects'),
            $this->listOf($name)
        );
    }

    /** @return list<string> */
    public function strings(string $name): array
    {
        return array_map(
            fn (mixed $value): string => is_string($value) ? $value : throw $this->wrong($name, 'a list of texts'),
            $this->listOf($name)
        );
    }

    /** @return list<mixed> */
    private function listOf(string $name): array
    {
        $value = $this->values[$name] ?? null;
        return is_array($value) && array_is_list($value) ? $value : throw $this->wrong($name, 'a list');
    }

    private function wrong(string $name, string $wanted): UnexpectedAnswer
    {
        return new UnexpectedAnswer($this->status, "\"$this->place$name\" is not $wanted.");
    }
}
