<?php

declare(strict_types=1);

namespace Provisor\Tests\Tests;

use App\Exceptions\DisplayException;
use App\Helpers\ExtensionHelper;
use App\Models\Service;
use PHPUnit\Framework\TestCase;
use Provisor\Tests\Harness\Panel;
use Provisor\Tests\Harness\Stage;

/** A panel with one customer, who orders. */
abstract class StageTestCase extends TestCase
{
    private static int $orders = 0;

    protected function setUp(): void
    {
        Stage::reset();
        Panel::speak('en');
    }

    protected function tearDown(): void
    {
        Stage::reset();
        Panel::$visitor = null;
    }

    /**
     * A service that was ordered and paid, by a customer who looks at it now.
     *
     * @param array<string, mixed> $settings of the server
     * @param array<string, mixed> $product
     */
    protected function order(
        array $settings = [],
        array $product = ['plan' => 'basic'],
        string $extension = 'ProvisorSites',
    ): Service {
        // Other test files are other processes against the same Provisor.
        return Panel::order(getmypid() * 1000 + ++self::$orders, $extension, $settings, $product);
    }

    /** An order whose site runs. */
    protected function site(array $settings = []): Service
    {
        $service = $this->order($settings);
        $this->job($service, 'createServer');
        self::assertSame('active', Stage::settledState((string) $service->id));
        return $service;
    }

    /** What a job of the panel does. */
    protected function job(Service $service, string $method): mixed
    {
        return ExtensionHelper::callService($service, $method);
    }

    /** The sentence with which a job fails. */
    protected function failure(Service $service, string $method): string
    {
        try {
            $this->job($service, $method);
        } catch (DisplayException $error) {
            return 'shown: ' . $error->getMessage();
        } catch (\Exception $error) {
            return $error->getMessage();
        }
        self::fail("$method did not fail");
    }

    protected function state(Service $service): string
    {
        return Stage::settledState((string) $service->id);
    }

    /** @return array<string, mixed> */
    protected function shown(Service $service): array
    {
        return Stage::api('GET', "/v1/sites/$service->id");
    }

    /** @param class-string<\Throwable> $with */
    protected function refused(callable $what, string $with): void
    {
        try {
            $what();
        } catch (\Throwable $error) {
            self::assertInstanceOf($with, $error);
            return;
        }
        self::fail("It was not refused with $with");
    }
}
