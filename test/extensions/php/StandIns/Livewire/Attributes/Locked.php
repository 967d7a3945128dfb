<?php

declare(strict_types=1);

namespace Livewire\Attributes;

use Attribute;

/** Stand-in for Livewire's attribute: the browser may not set this property. */
#[Attribute(Attribute::TARGET_PROPERTY)]
class Locked
{
}
