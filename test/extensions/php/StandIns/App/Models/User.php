<?php

declare(strict_types=1);

namespace App\Models;

use Illuminate\Auth\GenericUser;

/** Stand-in for a customer of the panel. */
class User extends GenericUser
{
    public function __construct(
        public int $id,
        public string $email,
        public ?string $first_name = null,
        public ?string $last_name = null,
    ) {
        parent::__construct(['id' => $id]);
    }
}
