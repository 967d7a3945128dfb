<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use Provisor\Tests\Harness\Page;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;

/** A panel with the DNS extension, and a customer who is signed in. */
abstract class DnsTestCase extends StageTestCase
{
    protected const NOBODY = 'http://127.0.0.1:9';

    private static int $names = 0;

    protected int $customer;

    protected function setUp(): void
    {
        parent::setUp();
        $this->customer = getmypid() * 1000 + ++self::$names;
        Panel::install('ProvisorDns');
        Panel::signIn($this->customer);
    }

    protected function newName(): string
    {
        return 'zone-' . getmypid() . '-' . ++self::$names . '.com';
    }

    /** A zone of the customer, made past the extension. */
    protected function zone(): string
    {
        $name = $this->newName();
        $wish = ['name' => $name, 'customer_id' => (string) $this->customer];
        $asked = Stage::api('POST', '/v1/zones', $wish);
        $challenge = $asked['details']['challenge'];
        Stage::dns($challenge['name'], 'TXT', $challenge['value']);
        self::assertSame('active', Stage::api('POST', '/v1/zones', $wish)['state']);
        return $name;
    }

    protected function page(string $zone): Page
    {
        return Page::visit("/dns/$zone");
    }

    /** @return array<string, array<string, mixed>> by name, type and data */
    protected function records(string $zone): array
    {
        $records = [];
        foreach (Stage::api('GET', "/v1/zones/$zone/records")['data'] as $record) {
            $records["$record[name] $record[type] $record[data]"] = $record;
        }
        return $records;
    }

    protected function assertSaid(string $type, string $sentence, Page $page): void
    {
        self::assertSame($type, $page->notices[0]['type'] ?? null, json_encode([$page->notices, $page->state()]));
        self::assertStringContainsString($sentence, $page->notices[0]['message']);
    }
}
