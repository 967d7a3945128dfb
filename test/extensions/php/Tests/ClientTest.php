<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use InvalidArgumentException;
use PHPUnit\Framework\TestCase;
use Provisor\Client\Budget;
use Provisor\Client\Client;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\UnexpectedAnswer;
use Provisor\Client\Exception\Unreachable;
use Provisor\Client\Http\CurlTransport;
use Provisor\Client\Http\LaravelTransport;
use Provisor\Client\Http\Transport;
use Provisor\Tests\Harness\Stage;
use stdClass;

/** The client by itself, over both of its transports. */
final class ClientTest extends TestCase
{
    private static int $services = 0;

    protected function setUp(): void
    {
        Stage::reset();
    }

    protected function tearDown(): void
    {
        Stage::reset();
    }

    /** @return array<string, array{Transport}> */
    public function transports(): array
    {
        return ['curl' => [new CurlTransport()], 'Laravel' => [new LaravelTransport()]];
    }

    private function client(Transport $transport, float $seconds = 15.0): Client
    {
        return new Client($transport, Stage::url() . '/', Stage::key(), $seconds);
    }

    private function newId(): string
    {
        return 'client-' . getmypid() . '-' . ++self::$services;
    }

    /** @dataProvider transports */
    public function testTakesASiteThroughItsLife(Transport $transport): void
    {
        $client = $this->client($transport);
        $id = $this->newId();
        self::assertNull($client->sites->find($id));
        $site = $client->sites->create($id, ['email' => "$id@example.com", 'plan' => 'basic']);
        self::assertSame('creating', $site->state);
        $ended = $client->operation($site->operation->id, new Budget(20));
        self::assertSame(['done', 100], [$ended->state, $ended->percent]);
        self::assertSame('active', $client->sites->get($id)->state);
        self::assertSame('running', $client->sites->status($id)->workload);
        $client->sites->suspend($id, 'Überfällig "jetzt"', new Budget(20));
        $client->sites->unsuspend($id, new Budget(20));
        $client->sites->upgrade($id, 'standard', new Budget(20));
        $client->sites->delete($id, new Budget(20));
        self::assertSame('deleted', Stage::settledState($id));
        self::assertTrue($client->sites->get($id)->isGone());
        self::assertNull($client->sites->delete($this->newId()));
    }

    /** @dataProvider transports */
    public function testCarriesTheSentenceTheCodeAndTheRequestOfARefusal(Transport $transport): void
    {
        try {
            $this->client($transport)->sites->get('nobody-has-this');
            self::fail('It was found');
        } catch (ApiError $error) {
            self::assertSame(404, $error->status);
            self::assertSame('not_found', $error->code());
            self::assertFalse($error->retryable);
            self::assertMatchesRegularExpression('/^[0-9A-Z]{26}$/', (string) $error->requestId);
            self::assertStringContainsString('nobody-has-this', $error->getMessage());
        }
        try {
            $this->client($transport)->sites->create($this->newId(), ['email' => 'no address', 'plan' => 'basic']);
            self::fail('It was taken');
        } catch (ApiError $error) {
            self::assertSame(400, $error->status);
            self::assertStringContainsString('email', implode(' ', $error->violations));
        }
    }

    /** @dataProvider transports */
    public function testRepeatsUnderTheSameIdempotencyKeyWhenTheAnswerIsLost(Transport $transport): void
    {
        $id = $this->newId();
        Stage::fault('POST /v1/sites', 'loses the answer', 2);
        $wish = ['email' => "$id@example.com", 'plan' => 'basic'];
        $this->client($transport)->sites->create($id, $wish, new Budget(20));
        $keys = array_column(Stage::calls('POST /v1/sites'), 'key');
        self::assertCount(3, $keys);
        self::assertCount(1, array_unique($keys));
        self::assertMatchesRegularExpression('/^[0-9a-f]{32}$/', (string) $keys[0]);
    }

    /** @dataProvider transports */
    public function testSendsOnceWithoutABudget(Transport $transport): void
    {
        Stage::fault('GET /v1/whoami', 'loses the answer');
        $this->expectException(Unreachable::class);
        try {
            $this->client($transport)->whoami();
        } finally {
            self::assertCount(1, Stage::calls('GET /v1/whoami'));
        }
    }

    /** @dataProvider transports */
    public function testGivesUpOnASilentServerInTime(Transport $transport): void
    {
        Stage::fault('GET /v1/plans', 'is slow');
        $begun = microtime(true);
        try {
            $this->client($transport, 0.5)->plans();
            self::fail('It answered');
        } catch (Unreachable $error) {
            self::assertTrue($error->mayHaveArrived);
            self::assertStringNotContainsString('127.0.0.1', $error->getMessage());
        }
        self::assertLessThan(7.0, microtime(true) - $begun);
    }

    /** @dataProvider transports */
    public function testDoesNotFollowARedirectWithTheKey(Transport $transport): void
    {
        Stage::fault('GET /v1/whoami', 'answers', 1, ['status' => 302, 'body' => ['moved' => true]]);
        $this->expectException(UnexpectedAnswer::class);
        $this->client($transport)->whoami();
    }

    /** @return array<string, array{string, array<string, mixed>}> */
    public function garbage(): array
    {
        $site = ['service_id' => 5];
        return [
            'half of a JSON' => ['answers garbage', []],
            'null' => ['answers null', []],
            'a page' => ['answers a page', []],
            'a list' => ['answers', ['status' => 200, 'body' => [1, 2]]],
            'an empty object' => ['answers', ['status' => 200, 'body' => new stdClass()]],
            'a wrong type' => ['answers', ['status' => 200, 'body' => $site]],
            'an error without a sentence' => ['answers', ['status' => 500, 'body' => ['success' => false]]],
        ];
    }

    /**
     * @dataProvider garbage
     * @param array<string, mixed> $answer
     */
    public function testGuardsAgainstAnswersThatAreNoneOfProvisors(string $how, array $answer): void
    {
        Stage::fault('GET /v1/sites/', $how, 1, $answer);
        $this->expectException(UnexpectedAnswer::class);
        $this->client(new CurlTransport())->sites->get('any');
    }

    public function testRefusesAddressesAndKeysThatCannotBeOnes(): void
    {
        foreach (['', 'provisor', 'ftp://a.example', 'http://user:pass@a.example', 'https://a.example/?x=1'] as $url) {
            try {
                new Client(new CurlTransport(), $url, 'pvr_a_b');
                self::fail("$url was taken");
            } catch (InvalidArgumentException $error) {
                self::assertStringContainsString('address', $error->getMessage());
            }
        }
        foreach (['', "pvr_a\r\nX-Evil: 1", "pvr_a_b\n", 'pvr a'] as $key) {
            try {
                new Client(new CurlTransport(), 'https://a.example', $key);
                self::fail('The key was taken');
            } catch (InvalidArgumentException $error) {
                self::assertStringNotContainsString('Evil', $error->getMessage());
            }
        }
    }

    public function testLetsNoIdentifierLeaveItsPlaceInThePath(): void
    {
        try {
            $this->client(new CurlTransport())->backups->delete('1/../2', 'BAK01012026-1?x=/');
            self::fail('It was taken');
        } catch (ApiError $error) {
            self::assertContains($error->status, [400, 404]);
        }
        self::assertSame(
            'DELETE /v1/sites/1%2F..%2F2/backups/BAK01012026-1%3Fx%3D%2F',
            Stage::calls('DELETE')[0]['call']
        );
    }
}
