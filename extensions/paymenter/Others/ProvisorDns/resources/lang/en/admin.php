<?php

declare(strict_types=1);

return [
    'connected' => 'Connected to Provisor, and the key may do what is needed.',
];
