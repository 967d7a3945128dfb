<?php

declare(strict_types=1);

namespace Provisor\Paymenter;

use Illuminate\Support\Facades\Lang;
use Provisor\Client\Exception\ApiError;
use Provisor\Client\Exception\ProvisorException;

/** The sentences of one extension, in the language of who reads them. */
final class Words
{
    /**
     * @param string $namespace of the extension's translations
     * @param string $folder where they are; told here and not in boot(), which the panel
     *                       leaves out before the first server is saved
     */
    public function __construct(private readonly string $namespace, string $folder)
    {
        Lang::addNamespace($namespace, $folder);
        Lang::addNamespace("$namespace-shared", __DIR__ . '/lang');
    }

    /** @param array<string, string|int> $values */
    public function say(string $key, array $values = []): string
    {
        return (string) Lang::get("$this->namespace::$key", $values);
    }

    /**
     * A sentence that all our extensions have.
     *
     * @param array<string, string|int> $values
     */
    public function shared(string $key, array $values = []): string
    {
        return (string) Lang::get("$this->namespace-shared::$key", $values);
    }

    /** What a customer is told: our own translation where there is one, else the sentence that Provisor sent. */
    public function error(ProvisorException $error): string
    {
        $key = "$this->namespace-shared::errors.{$error->code()}";
        return Lang::has($key, null, false) ? (string) Lang::get($key) : $error->getMessage();
    }

    /** What the panel's staff are told: the sentence, and what an operator looks it up by. */
    public function report(ProvisorException $error): string
    {
        $facts = [$error->code()];
        if ($error instanceof ApiError) {
            array_push($facts, ...$error->violations);
            if ($error->requestId !== null) {
                $facts[] = "request $error->requestId";
            }
        }
        return $error->getMessage() . ' [' . implode(', ', $facts) . ']';
    }
}
