<?php

declare(strict_types=1);

namespace App\Models;

/** Stand-in for an ordered service. */
class Service
{
    public const STATUS_PENDING = 'pending';
    public const STATUS_ACTIVE = 'active';
    public const STATUS_CANCELLED = 'cancelled';
    public const STATUS_SUSPENDED = 'suspended';

    /** @var array<int, self> */
    private static array $all = [];

    public string $status = self::STATUS_ACTIVE;
    public int $user_id;
    /** @var array<string, Property> */
    public array $properties = [];
    /** @var list<ConfigOption> */
    public array $configs = [];

    public function __construct(public int $id, public User $user, public Product $product)
    {
        $this->user_id = $user->id;
        self::$all[$id] = $this;
    }

    /** What a component finds again by its id. */
    public static function find(int $id): self
    {
        return self::$all[$id];
    }

    public function properties(): Properties
    {
        return new Properties($this);
    }
}
