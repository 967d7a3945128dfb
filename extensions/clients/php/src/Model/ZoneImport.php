<?php

declare(strict_types=1);

namespace Provisor\Client\Model;

use Provisor\Client\Fields;

/** What a zone file changes, or would. */
final class ZoneImport
{
    /**
     * @param list<string> $diff a line for each record that goes (`-`) or comes (`+`)
     * @param array<int, string> $ignored why a line of the file was passed over, by its number
     */
    public function __construct(
        public readonly array $diff,
        public readonly array $ignored,
        public readonly ?Operation $operation,
    ) {
    }

    public static function from(Fields $fields): self
    {
        $ignored = [];
        foreach ($fields->objects('ignored') as $line) {
            $ignored[$line->int('line')] = $line->string('message');
        }
        $operation = $fields->objectOrNull('operation');
        return new self(
            $fields->strings('diff'),
            $ignored,
            $operation === null ? null : Operation::from($operation),
        );
    }
}
