<?php

declare(strict_types=1);

namespace App\Classes\Extension;

/** Stand-in for the panel's base class of server extensions. */
class Server extends Extension
{
}
