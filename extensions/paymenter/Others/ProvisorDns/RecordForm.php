<?php

declare(strict_types=1);

namespace Paymenter\Extensions\Others\ProvisorDns;

use Provisor\Client\Exception\ApiError;
use Provisor\Client\Model\Record;

/** What is typed for a record, which fields its type has, and which of them an error is about. */
final class RecordForm
{
    public const TYPES = ['A', 'AAAA', 'CNAME', 'MX', 'TXT', 'SRV', 'CAA', 'NS'];
    /** An example of the data for each type. */
    public const EXAMPLES = [
        'A' => '203.0.113.10',
        'AAAA' => '2001:db8::10',
        'CNAME' => 'shop.example.net',
        'MX' => 'mail.example.com',
        'TXT' => 'v=spf1 mx -all',
        'SRV' => 'sip.example.com',
        'CAA' => 'letsencrypt.org',
        'NS' => 'ns1.example.net',
    ];
    private const NUMBERS = [
        'MX' => ['priority' => '10'],
        'SRV' => ['priority' => '10', 'weight' => '5', 'port' => '5060'],
        'CAA' => ['flags' => '0'],
    ];
    private const FIELDS = ['name', 'type', 'data', 'ttl', 'priority', 'weight', 'port', 'flags', 'tag'];

    /**
     * The numbers that records of a type have beside the TTL, with an example of each.
     *
     * @return array<string, string>
     */
    public static function numbersOf(string $type): array
    {
        return self::NUMBERS[$type] ?? [];
    }

    /** Whether the data may be PROXYSRV. */
    public static function takesProxy(string $type): bool
    {
        return in_array($type, ['A', 'AAAA', 'CNAME'], true);
    }

    /**
     * The wish, and the fields that hold no number where one has to be.
     *
     * @param array<string, string> $typed by the names of the fields
     * @return array{0: array<string, string|int>, 1: list<string>}
     */
    public static function read(array $typed): array
    {
        $name = trim($typed['name']);
        // In a text a blank at the end may be meant.
        $data = $typed['type'] === 'TXT' ? $typed['data'] : trim($typed['data']);
        $wish = ['name' => $name === '' ? '@' : $name, 'type' => $typed['type'], 'data' => $data];
        $wrong = [];
        foreach (['ttl', ...array_keys(self::numbersOf($typed['type']))] as $field) {
            $text = trim($typed[$field]);
            if (preg_match('/^\d{1,10}$/D', $text) === 1) {
                $wish[$field] = (int) $text;
            } elseif ($text !== '') {
                $wrong[] = $field;
            }
        }
        return [$typed['type'] === 'CAA' ? $wish + ['tag' => trim($typed['tag'])] : $wish, $wrong];
    }

    /**
     * The wish that a record came from.
     *
     * @return array<string, string|int>
     */
    public static function wishOf(Record $record): array
    {
        $parts = [
            'name' => $record->name,
            'type' => $record->type,
            'data' => $record->data,
            'ttl' => $record->ttl,
            'priority' => $record->priority,
            'weight' => $record->weight,
            'port' => $record->port,
            'flags' => $record->flags,
            'tag' => $record->tag,
        ];
        return array_filter($parts, static fn (string|int|null $part): bool => $part !== null);
    }

    /**
     * What is wrong with which field; nothing when it is about none of them.
     *
     * @return array<string, string>
     */
    public static function faultsIn(ApiError $error): array
    {
        $field = $error->details?->stringOrNull('field');
        if ($field !== null && in_array($field, self::FIELDS, true)) {
            return [$field => $error->getMessage()];
        }
        $faults = [];
        foreach ($error->violations as $violation) {
            [$path, $message] = explode(': ', $violation, 2) + [1 => ''];
            $field = (string) preg_replace('~^.*[/.]~', '', $path);
            if (in_array($field, self::FIELDS, true)) {
                $faults[$field] = $message;
            }
        }
        return $faults;
    }
}
