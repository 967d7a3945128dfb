<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use Illuminate\Http\Client\PendingRequest;
use Illuminate\Http\Client\Response;
use Illuminate\Support\Facades\Http;
use Provisor\Tests\Harness\Stage;

/**
 * The calls of the extensions that were there before ours, as they send them: by
 * Laravel's Http client, which makes JSON of an array, with ids as text or as
 * numbers, and with the headers spelled in their ways.
 */
final class SeedCallsTest extends StageTestCase
{
    private static int $ids = 0;

    /** @return array<string, array{callable(): PendingRequest, callable(int): (string|int), string}> */
    public function spellings(): array
    {
        $key = Stage::key();
        $headers = ['Authorization' => "Bearer $key", 'Accept' => 'application/json'];
        $lower = ['authorization' => "bearer $key", 'accept' => '*/*'];
        return [
            'as it is written' => [fn () => Http::withHeaders($headers), fn (int $id) => (string) $id, ''],
            'by a token, ids as numbers' => [fn () => Http::withToken($key)->acceptJson(), fn (int $id) => $id, ''],
            'in small letters' => [fn () => Http::withHeaders($lower)->timeout(25), fn (int $id) => $id, ''],
            'with a slash at the end' => [fn () => Http::withHeaders($headers), fn (int $id) => (string) $id, '/'],
        ];
    }

    private function newId(): int
    {
        return getmypid() * 1000 + ++self::$ids;
    }

    private function url(string $path, string $slash = ''): string
    {
        return Stage::url() . rtrim($path, '/') . $slash;
    }

    /** @return array<string, mixed> */
    private function good(Response $response): array
    {
        self::assertSame(200, $response->status(), $response->body());
        return $response->json();
    }

    /** @return array<string, mixed> once the operation that is in the way is over */
    private function settled(callable $send): array
    {
        $response = $send();
        while ($response->status() === 409 && $response->json('code') === 'operation_in_progress') {
            Stage::api('GET', '/v1/operations/' . $response->json('details.operation_id') . '?wait=20');
            $response = $send();
        }
        return $this->good($response);
    }

    /**
     * @dataProvider spellings
     * @param callable(): PendingRequest $http
     * @param callable(int): (string|int) $idOf
     */
    public function testSupport(callable $http, callable $idOf, string $slash): void
    {
        $id = $idOf($number = $this->newId());
        $wish = ['service_id' => $id, 'email' => 'customer@example.com', 'firstname' => 'John', 'lastname' => 'Doe'];
        $made = $this->good($http()->post($this->url('/support/create', $slash), $wish));
        self::assertMatchesRegularExpression('/^SUP-[A-Z0-9]{16}$/', $made['support_key']);
        unset($made['support_key']);
        self::assertSame(['success' => true, 'service_id' => (string) $number, 'status' => 'ACTIVE'], $made);
        $again = $http()->post($this->url('/support/create', $slash), $wish);
        self::assertSame([409, false], [$again->status(), $again->json('success')]);
        foreach (['suspend' => 'SUSPENDED', 'unsuspend' => 'ACTIVE', 'terminate' => 'INACTIVE'] as $verb => $status) {
            $answer = ['success' => true, 'service_id' => (string) $number, 'status' => $status];
            for ($time = 1; $time <= 2; $time++) {
                $said = $this->good($http()->post($this->url("/support/$verb", $slash), ['service_id' => $id]));
                self::assertSame($answer, $said, "$verb, time $time");
            }
        }
        self::assertSame('terminated', Stage::api('GET', "/v1/support/$number")['state']);
    }

    /**
     * @dataProvider spellings
     * @param callable(): PendingRequest $http
     * @param callable(int): (string|int) $idOf
     */
    public function testSites(callable $http, callable $idOf, string $slash): void
    {
        $id = $idOf($number = $this->newId());
        $post = fn (string $path, array $more = []): Response =>
            $http()->post($this->url($path, $slash), ['service_id' => $id] + $more);
        $get = fn (string $path): Response => $http()->get($this->url($path, $slash), ['service_id' => $id]);
        $wish = ['email' => "customer-$number@example.com", 'plan' => 'basic', 'public_ip' => '203.0.113.10'];
        $made = $this->good($post('/create-site', $wish));
        $names = ['success', 'service_id', 'vmid', 'private_ip', 'subdomain', 'status', 'operation_id'];
        self::assertSame([], array_diff($names, array_keys($made)));
        self::assertSame('active', Stage::settledState((string) $number));
        self::assertSame((string) $number, $this->good($get('/status'))['service_id']);
        foreach (['stop', 'start', 'restart', 'reset'] as $action) {
            self::assertTrue($this->settled(fn () => $post("/action/$action"))['success']);
        }
        Stage::settledState((string) $number);
        Stage::dns("www.seed-$number.com", 'CNAME', $this->shownSite($number)['hostname']);
        self::assertArrayHasKey('remaining', $this->settled(fn () => $post('/action/setdomain', [
            'domain' => "www.seed-$number.com",
        ])));
        self::assertStringContainsString("www.seed-$number.com", $get('/action/getdomain')->body());
        $this->settled(fn () => $post('/action/deldomain', ['domain' => "www.seed-$number.com"]));
        $this->settled(fn () => $post('/action/mkbak'));
        Stage::settledState((string) $number);
        $list = $this->good($get('/action/getbak'));
        self::assertSame('1/2', $list['quota']);
        preg_match('/BAK\d{8}-\d+/', json_encode($list['backups'], JSON_THROW_ON_ERROR), $backup);
        $this->settled(fn () => $post('/action/rollback', ['bak' => $backup[0]]));
        $this->settled(fn () => $post('/action/delbak', ['bak' => $backup[0]]));
        self::assertFalse($this->settled(fn () => $post('/action/toggle'))['enabled']);
        self::assertTrue($this->settled(fn () => $post('/action/toggle'))['enabled']);
        // The one that is written with a slash, and by some without.
        self::assertTrue($this->settled(fn () => $http()->post(
            $this->url('/wp/upgrade', $slash === '' ? '/' : ''),
            ['service_id' => $id, 'plan' => 'premium']
        ))['success']);
        foreach (['/suspend', '/unsuspend', '/delete-site'] as $path) {
            self::assertTrue($this->settled(fn () => $post($path))['success']);
            self::assertTrue($this->settled(fn () => $post($path))['success']);
        }
        self::assertSame('deleted', Stage::settledState((string) $number));
    }

    /**
     * @dataProvider spellings
     * @param callable(): PendingRequest $http
     * @param callable(int): (string|int) $idOf
     */
    public function testDns(callable $http, callable $idOf, string $slash): void
    {
        $user = $idOf($number = $this->newId());
        $zone = "seed-$number.com";
        $post = fn (string $path, array $body): Response =>
            $http()->post($this->url("/customdomain/$path", $slash), $body);
        $add = fn (): Response => $post('add/zone', ['user_id' => $user, 'domain' => $zone]);
        $challenge = $add()->json('details.challenge');
        Stage::dns($challenge['name'], 'TXT', $challenge['value']);
        self::assertStringContainsString('Success', $add()->body());
        $data = fn (): array => $this->good($post('getdata', ['user_id' => $user]))['zones'][0]['zone'];
        $zoneId = $data()['id'];
        $records = [
            ['type' => 'A', 'name' => 'a', 'ip' => '203.0.113.10', 'ttl' => 3600],
            ['type' => 'AAAA', 'name' => 'b', 'ip' => '2001:db8::1', 'ttl' => '3600'],
            ['type' => 'CNAME', 'name' => 'c', 'target' => 'shop.example.net', 'ttl' => 3600],
            ['type' => 'MX', 'name' => '@', 'exchange' => 'mail.example.net', 'priority' => 10, 'ttl' => 3600],
            ['type' => 'NS', 'name' => 'sub', 'ns' => 'ns1.example.net', 'ttl' => 3600],
            ['type' => 'TXT', 'name' => '@', 'txt' => 'v=spf1 mx -all', 'ttl' => 3600],
        ];
        foreach ($records as $record) {
            $said = $post('add/record', ['zone_id' => $zoneId] + $record);
            self::assertStringContainsString('Success', $said->body(), $record['type']);
        }
        self::assertCount(8, $data()['records']);
        foreach (array_keys($data()['records']) as $id) {
            $said = $post('delete/record', ['zone_id' => $zoneId, 'rc_id' => $id]);
            self::assertStringContainsString('Success', $said->body());
        }
        self::assertStringContainsString('Success', $post('delete/zone', ['domain' => $zone])->body());
        self::assertStringContainsString('Success', $post('delete/zone', ['domain' => $zone])->body());
        self::assertSame([], $this->good($post('getdata', ['user_id' => $user]))['zones']);
    }

    public function testSaysHowABodyHasToBeSent(): void
    {
        $form = Http::withToken(Stage::key())->acceptJson()->asForm();
        $said = $form->post($this->url('/support/create'), ['service_id' => 1, 'email' => 'customer@example.com']);
        self::assertSame([415, 'Send the body as application/json.'], [$said->status(), $said->json('error')]);
    }

    public function testHealth(): void
    {
        self::assertSame('ok', Http::get($this->url('/health'))->json('status'));
    }

    /** @return array<string, mixed> */
    private function shownSite(int $number): array
    {
        return Stage::api('GET', "/v1/sites/$number");
    }
}
